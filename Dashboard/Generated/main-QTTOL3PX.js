import"./chunk-ULWXH3G7.js";import"./chunk-WOT6VMZA.js";import("./app-D3T26YIE.js");
