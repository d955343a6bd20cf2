import"./chunk-QX6OGBTT.js";import"./chunk-WOT6VMZA.js";import("./app-2XWJ47DZ.js");
