// @ts-check
import { defineConfig } from 'vitepress'
import { addressOf, pages, slug, stagePages, titleOf } from '../pages.mjs'
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

stagePages()

export default defineConfig({
  title: 'Posthorn',
  description: 'Event-driven services in TypeScript that lose nothing',
  srcDir: './dist/pages',
  outDir: './dist/site',
  cacheDir: './node_modules/.cache',
  cleanUrls: true,
  markdown: {
    html: false,
    linkify: false,
    anchor: { slugify: slug },
    config: asOnTheSite,
  },
  vite: { build: { chunkSizeWarningLimit: 1_000 } },
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
