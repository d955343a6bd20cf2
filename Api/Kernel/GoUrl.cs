using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>Parts of URLs as Go's <c>net/url</c> and <c>path</c> treat them. Unescaped paths are strings of one
/// character per byte (Latin 1): what is no UTF-8 keeps its bytes.</summary>
internal static class GoUrl
{
    private static readonly SearchValues<char> PlainInPaths = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~$&+,/:;=@");

    /// <summary>A query's name or value; false when a percent sign is not followed by two hexadecimal digits.</summary>
    public static bool TryUnescapeQuery(string text, [NotNullWhen(true)] out string? unescaped)
    {
        var plain = text.AsSpan().IndexOfAny('%', '+') < 0;
        unescaped = plain
            ? text : Unescape(text.Replace('+', ' ')) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
        return unescaped is not null;
    }

    /// <summary>A path, one character per byte; false as above.</summary>
    public static bool TryUnescapePath(string text, [NotNullWhen(true)] out string? unescaped)
    {
        unescaped = Unescape(text) is { } bytes ? Encoding.Latin1.GetString(bytes) : null;
        return unescaped is not null;
    }

    /// <summary>What a header's name says by escapes; one that is escaped wrongly stands for itself.</summary>
    public static string UnescapeName(string name) =>
        name.Contains('%') && Unescape(name) is { } bytes ? Encoding.UTF8.GetString(bytes) : name;

    /// <summary>Escapes everything in an unescaped path that Go escapes in one.</summary>
    public static string EscapePath(string path)
    {
        if (!path.AsSpan().ContainsAnyExcept(PlainInPaths))
        {
            return path;
        }

        var result = new StringBuilder(path.Length);
        foreach (var unit in path)
        {
            _ = PlainInPaths.Contains(unit)
                ? result.Append(unit)
                : result.Append(CultureInfo.InvariantCulture, $"%{(int)unit:X2}");
        }

        return result.ToString();
    }

    /// <summary>Joins a rooted path with one below it: without empty segments and dots, and with the slash at the end
    /// if the second has one.</summary>
    public static string JoinPaths(string above, string below)
    {
        var segments = new List<string>();
        foreach (var segment in $"{above}/{below}".Split('/'))
        {
            if (segment == ".." && segments.Count > 0)
            {
                segments.RemoveAt(segments.Count - 1);
            }
            else if (segment is not ("" or "." or ".."))
            {
                segments.Add(segment);
            }
        }

        var joined = "/" + string.Join('/', segments);
        return below.EndsWith('/') && !joined.EndsWith('/') ? joined + "/" : joined;
    }

    private static byte[]? Unescape(string text)
    {
        var source = Encoding.UTF8.GetBytes(text);
        var count = 0;
        for (var i = 0; i < source.Length; i++, count++)
        {
            if (source[i] != '%')
            {
                source[count] = source[i];
                continue;
            }

            if (i + 2 >= source.Length
                || !byte.TryParse(
                    source.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                    out source[count]))
            {
                return null;
            }

            i += 2;
        }

        return source[..count];
    }
}
