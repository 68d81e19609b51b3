"""axe, as it runs in a page, and what it finds there as one line for each rule."""

from __future__ import annotations

from pathlib import Path

AXE = (Path(__file__).parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js").read_text(
    encoding="utf-8"
)
RUN = "() => axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0] ? n.any[0].message : '')).slice(0, 3).join(' | ')))"
