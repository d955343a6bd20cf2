import"./chunk-HQFKQWZE.js";import"./chunk-2XFKSE2B.js";import"./chunk-WOT6VMZA.js";import("./app-QFYMBIZZ.js");
