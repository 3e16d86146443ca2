def text(stage,rounds): return ""
