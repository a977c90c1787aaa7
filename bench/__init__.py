"""Speed and memory, as ratios within one run: absolute figures say more of the machine than of the code."""
