extension RunReport {
  /// The look of the page, in light and dark, on narrow and wide screens. Colours of lines are Okabe and Ito's ("Color universal
  /// design", 2008), a little lighter on dark ground.
  static let style = """
    :root { color-scheme: light dark; --ground: #ffffff; --text: #1c1e21; --faint: #666a70; --line: #d9dce1; --tint: #0072b2;
      --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #b07800; --c5: #2b8cc4; --c6: #444444; }
    @media (prefers-color-scheme: dark) { :root { --ground: #16181b; --text: #e6e7e9; --faint: #9aa0a8; --line: #363a40;
      --tint: #56b4e9; --c0: #56b4e9; --c1: #f08a4b; --c2: #35c99f; --c3: #e3a0c8; --c4: #e6b84d; --c5: #8fcdf2; --c6: #cccccc; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--ground); color: var(--text);
      font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
    h1 { font-size: 1.6rem; margin: 0.5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
    p, dd, td, th, summary { font-size: 0.95rem; } .faint { color: var(--faint); }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; } td, th { padding: 0.2rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left;
      overflow-wrap: normal; }
    th { font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    @media (min-width: 40rem) { .name { white-space: nowrap; } } .best { font-weight: 700; color: var(--tint); }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
    .charts svg { width: 100%; height: auto; display: block; }
    .matrix td { text-align: right; min-width: 2.6rem; font-variant-numeric: tabular-nums;
      background: color-mix(in srgb, var(--tint) calc(var(--share, 0) * 70%), transparent); }
    .matrix th { white-space: nowrap; }
    .spark { width: 8rem; height: 1.6rem; vertical-align: middle; fill: var(--tint); }
    .bar { display: inline-block; height: 0.8rem; background: var(--tint); border-radius: 2px; vertical-align: middle; }
    .samples { display: flex; flex-wrap: wrap; gap: 1rem; } .samples figure { margin: 0; width: 8rem; }
    .samples img { width: 8rem; height: 8rem; object-fit: contain; image-rendering: pixelated; border: 1px solid var(--line); }
    figcaption { font-size: 0.8rem; }
    pre { overflow-x: auto; padding: 0.8rem; border: 1px solid var(--line); border-radius: 4px; font-size: 0.8rem; }
    @media print { body { max-width: none; } }
    """
}
