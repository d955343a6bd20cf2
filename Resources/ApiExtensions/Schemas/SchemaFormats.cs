using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>The formats of texts that upstream checks; a dash in a name does not count.</summary>
public static partial class SchemaFormats
{
    private static readonly FrozenDictionary<string, Func<string, bool>> Texts =
        new Dictionary<string, Func<string, bool>>
    {
        ["bsonobjectid"] = static t => ObjectId().IsMatch(t),
        ["uri"] = static t => Uri.TryCreate(t, UriKind.Absolute, out _) || t.StartsWith('/'),
        ["email"] = static t => Email().IsMatch(t),
        ["hostname"] = static t => HostName().IsMatch(t) && t.Length <= 255,
        ["ipv4"] = static t => IPAddress.TryParse(t, out var a) && !t.Contains(':', StringComparison.Ordinal)
            && a.ToString() == t,
        ["ipv6"] = static t => IPAddress.TryParse(t, out _) && t.Contains(':', StringComparison.Ordinal),
        ["cidr"] = static t => t.Split('/') is [var address, var bits] && IPAddress.TryParse(address, out var a)
            && int.TryParse(bits, NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            && n <= a.GetAddressBytes().Length * 8,
        ["mac"] = static t => Mac().IsMatch(t),
        ["uuid"] = static t => Uuid().IsMatch(t),
        ["uuid3"] = static t => Uuid().IsMatch(t) && Digit(t, 12) == '3',
        ["uuid4"] = static t => Uuid().IsMatch(t) && Digit(t, 12) == '4' && "89abAB".Contains(Digit(t, 16)),
        ["uuid5"] = static t => Uuid().IsMatch(t) && Digit(t, 12) == '5' && "89abAB".Contains(Digit(t, 16)),
        ["isbn"] = static t => Isbn().IsMatch(t),
        ["isbn10"] = static t => Isbn().IsMatch(t) && t.Count(char.IsAsciiLetterOrDigit) == 10,
        ["isbn13"] = static t => Isbn().IsMatch(t) && t.Count(char.IsAsciiLetterOrDigit) == 13,
        ["creditcard"] = static t => CreditCard().IsMatch(t),
        ["ssn"] = static t => SocialSecurity().IsMatch(t),
        ["hexcolor"] = static t => HexColor().IsMatch(t),
        ["rgbcolor"] = static t => RgbColor().IsMatch(t),
        ["byte"] = static t => t.Length % 4 == 0 && Base64().IsMatch(t),
        ["password"] = static _ => true,
        ["date"] = static t => DateOnly.TryParseExact(
            t, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        ["duration"] = static t => Duration().IsMatch(t),
        ["datetime"] = static t => Moment().IsMatch(t) && DateTimeOffset.TryParse(
            t, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        ["k8sshortname"] = static t => !NameRules.DnsLabel(t).Any(),
        ["k8slongname"] = static t => !NameRules.DnsSubdomain(t).Any(),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> OfNumbers =
        FrozenSet.Create(StringComparer.Ordinal, "int32", "int64", "float", "double");

    /// <summary>A format of this name is checked, of texts or of numbers.</summary>
    public static bool IsKnown(string format) => OfNumbers.Contains(format) || Texts.ContainsKey(Plain(format));

    /// <summary>Texts are checked by a format of this name.</summary>
    public static bool IsOfTexts(string format) => format.Length > 0 && Texts.ContainsKey(Plain(format));

    /// <summary>A text fits a format; formats that are not known fit all.</summary>
    public static bool Fits(string format, string text) =>
        !Texts.TryGetValue(Plain(format), out var fits) || fits(text);

    private static string Plain(string format) => format.Replace("-", "", StringComparison.Ordinal);

    private static char Digit(string uuid, int index) => uuid.Replace("-", "", StringComparison.Ordinal)[index];

    [GeneratedRegex("^[0-9a-fA-F]{24}$")]
    private static partial Regex ObjectId();

    [GeneratedRegex(@"^[^@\s]+@[^@\s]+$")]
    private static partial Regex Email();

    [GeneratedRegex("^([a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)([.][a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*$")]
    private static partial Regex HostName();

    [GeneratedRegex("^([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5,7}|[0-9a-fA-F]{4}([.][0-9a-fA-F]{4}){2,3})$")]
    private static partial Regex Mac();

    [GeneratedRegex("^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$")]
    private static partial Regex Uuid();

    [GeneratedRegex("^([0-9][- ]?){9}[0-9X]$|^([0-9][- ]?){13}$")]
    private static partial Regex Isbn();

    [GeneratedRegex("^(4[0-9]{12}([0-9]{3})?|5[1-5][0-9]{14}|6(011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13})$")]
    private static partial Regex CreditCard();

    [GeneratedRegex("^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$")]
    private static partial Regex SocialSecurity();

    [GeneratedRegex("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")]
    private static partial Regex HexColor();

    [GeneratedRegex(@"^rgb\(\s*[0-9]{1,3}\s*,\s*[0-9]{1,3}\s*,\s*[0-9]{1,3}\s*\)$")]
    private static partial Regex RgbColor();

    [GeneratedRegex("^[A-Za-z0-9+/]*={0,2}$")]
    private static partial Regex Base64();

    [GeneratedRegex(@"^([0-9]+([.][0-9]+)?\s*(ns|us|µs|μs|ms|s|m|h|d|w|[a-z]+)\s*)+$")]
    private static partial Regex Duration();

    [GeneratedRegex(
        @"^\d{4}-\d{2}-\d{2}[tT ]\d{2}:\d{2}:\d{2}([.]\d+)?([zZ]|[+-]\d{2}:?\d{2})?$", RegexOptions.ECMAScript)]
    private static partial Regex Moment();
}
