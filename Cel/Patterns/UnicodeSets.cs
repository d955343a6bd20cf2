namespace OrleansOrchestrator.Cel.Patterns;

/// <summary>The named sets of characters that regular expressions can ask for, as content of a class.</summary>
internal static class UnicodeSets
{
    private static readonly HashSet<string> Categories = new(StringComparer.Ordinal)
    {
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe",
        "Pi",
        "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cs",
    };

    /// <summary>The scripts that texts are checked for in practice, by their blocks.</summary>
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["Latin"] = "A-Za-z\\u00AA\\u00BA\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02B8\\u1E00-\\u1EFF\\u2C60-\\u2C7F",
        ["Greek"] =
            "\\u0370-\\u0373\\u0375-\\u0377\\u037A-\\u037D\\u037F\\u0384\\u0386"
            + "\\u0388-\\u03E1\\u03F0-\\u03FF\\u1F00-\\u1FFE",
        ["Cyrillic"] = "\\u0400-\\u0484\\u0487-\\u052F\\u1C80-\\u1C88\\u2DE0-\\u2DFF\\uA640-\\uA69F",
        ["Han"] =
            "\\u2E80-\\u2FD5\\u3005\\u3007\\u3021-\\u3029\\u3038-\\u303B\\u3400-\\u4DBF\\u4E00-\\u9FFF\\uF900-\\uFAD9",
        ["Hiragana"] = "\\u3041-\\u3096\\u309D-\\u309F",
        ["Katakana"] = "\\u30A1-\\u30FA\\u30FD-\\u30FF\\u31F0-\\u31FF",
        ["Hangul"] = "\\u1100-\\u11FF\\u3131-\\u318E\\uAC00-\\uD7A3",
        ["Hebrew"] = "\\u0591-\\u05F4\\uFB1D-\\uFB4F",
        ["Arabic"] =
            "\\u0600-\\u0604\\u0606-\\u060B\\u060D-\\u061A\\u061C-\\u061E\\u0620-\\u063F\\u0641-\\u06FF\\u0750-\\u077F",
        ["Thai"] = "\\u0E01-\\u0E3A\\u0E40-\\u0E5B",
        ["Armenian"] = "\\u0531-\\u058F",
        ["Georgian"] = "\\u10A0-\\u10FF",
        ["Devanagari"] = "\\u0900-\\u0950\\u0955-\\u0963\\u0966-\\u097F",
    };

    public static string? Find(string name) => name == "Any" ? "\\s\\S"
        : Categories.Contains(name) ? $"\\p{{{name}}}"
        : Scripts.GetValueOrDefault(name);

    public static string? Posix(string name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => "\\u0000-\\u007F",
        "blank" => "\\t\\u0020",
        "cntrl" => "\\u0000-\\u001F\\u007F",
        "digit" => "0-9",
        "graph" => "!-~",
        "lower" => "a-z",
        "print" => "\\u0020-~",
        "punct" => "!-/:-@\\u005B-`{-~",
        "space" => "\\t\\n\\v\\f\\r\\u0020",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        _ => null,
    };
}
