// @ts-check
import { useRoute } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { nextTick, onMounted, watch } from 'vue'

/** Draws the diagrams of the page that is shown. The library is fetched by pages that have one. */
async function draw() {
  const nodes = document.querySelectorAll('pre.mermaid:not([data-processed])')
  if (nodes.length === 0) return
  const { default: mermaid } = await import('mermaid')
  mermaid.initialize({
    startOnLoad: false,
    theme: document.documentElement.matches('.dark') ? 'dark' : 'default',
  })
  await mermaid.run({ nodes: /** @type {NodeListOf<HTMLElement>} */ (nodes) })
}

export default {
  extends: DefaultTheme,
  setup() {
    const route = useRoute()
    onMounted(draw)
    watch(
      () => route.path,
      () => nextTick(draw),
    )
  },
}
