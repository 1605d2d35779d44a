// @ts-check
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { addressOf, pages, slug, titleOf } from '../pages.mjs'
import { asOnTheSite } from '../site-links.mjs'

/** The pages of one folder of the site, its index first. @param {string} folder */
function section(folder) {
  const items = Object.entries(pages)
    .filter(([, page]) => page.startsWith(`${folder}/`) && !page.slice(folder.length + 1).includes('/'))
    .map(([path, page]) => ({
      text: titleOf(path),
      link: addressOf(page),
      first: page.endsWith('/index.md'),
    }))
  return items.sort((a, b) => Number(b.first) - Number(a.first) || a.link.localeCompare(b.link))
}

export default defineConfig({
  title: 'Posthorn',
  description: 'Event-driven services in TypeScript that lose nothing',
  srcDir: '../..',
  srcExclude: ['{services,tooling,benchmarks,examples}/**', '.*/**', '**/{AGENTS,CLAUDE,CHANGELOG}.md'],
  outDir: './dist',
  cacheDir: './node_modules/.cache',
  rewrites: { ...pages },
  cleanUrls: true,
  markdown: {
    html: false,
    // Tests that documents name are shown as they are.
    linkify: false,
    anchor: { slugify: slug },
    config: asOnTheSite,
  },
  vite: {
    // The documents stand outside of the folder that has Vue.
    resolve: {
      alias: {
        'vue/server-renderer': fileURLToPath(
          new URL('../node_modules/vue/server-renderer/index.mjs', import.meta.url),
        ),
      },
    },
    build: { chunkSizeWarningLimit: 2_000 },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: 'https://github.com/posthorn/posthorn' }],
    nav: [
      { text: 'Tutorial', link: '/tutorial/' },
      { text: 'How-to', link: '/how-to/' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Explanation', link: '/explanation/' },
    ],
    sidebar: [
      { text: 'Tutorial', items: section('tutorial') },
      { text: 'How-to guides', collapsed: true, items: section('how-to') },
      {
        text: 'Reference',
        collapsed: true,
        items: [
          ...section('reference'),
          { text: 'Packages', collapsed: true, items: section('reference/packages') },
          { text: 'API', collapsed: true, items: section('reference/api') },
          ...section('reference/contracts'),
        ],
      },
      { text: 'Explanation', collapsed: true, items: section('explanation') },
      { text: 'Decisions', collapsed: true, items: section('decisions') },
    ],
  },
})
