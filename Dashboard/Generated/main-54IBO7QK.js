import"./chunk-IEIXPUG6.js";import"./chunk-WOT6VMZA.js";import("./app-AN36PKRZ.js");
