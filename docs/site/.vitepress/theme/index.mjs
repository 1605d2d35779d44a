// @ts-check
import { useRoute, withBase } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { nextTick, onMounted, watch } from 'vue'

/** Draws the diagrams of the page that is shown. The library is fetched by pages that have one. */
async function draw() {
  const nodes = document.querySelectorAll('pre.mermaid:not([data-processed])')
  if (nodes.length === 0) return
  const mermaid = await (globalThis.mermaid ?? fetchLibrary())
  mermaid.initialize({
    startOnLoad: false,
    theme: document.documentElement.matches('.dark') ? 'dark' : 'default',
  })
  await mermaid.run({ nodes })
}

/** As it is published: to bundle it takes longer than all the rest. */
function fetchLibrary() {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = withBase('/mermaid.js')
    script.onload = () => resolve(globalThis.mermaid)
    script.onerror = reject
    document.head.append(script)
  })
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
