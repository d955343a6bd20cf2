using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// The formats of texts that upstream checks (kube-openapi's <c>strfmt</c>), with its quirks; a dash in a name does not
/// count.
/// </summary>
public static partial class SchemaFormats
{
    private const string Hex = "[0-9a-fA-F]";

    /// <summary>Of a label of a host's name, but for dashes.</summary>
    private const string Sign = @"[a-zA-Z0-9\p{S}\p{L}]";

    /// <summary>What Go's <c>\s</c> is; .NET's has blanks beyond ASCII too.</summary>
    private const string Blank = @"[\t\n\f\r ]";

    /// <summary>Of a word in an address of mail, in brackets; beyond ASCII anything is.</summary>
    private const string AtomSigns = @"-a-zA-Z0-9!#$%&'*+/=?^_`{|}~\u0080-\uFFFF";

    private const string Atom = $"[{AtomSigns}]";

    /// <summary>Of the name before an address, where dots may stand anywhere.</summary>
    private const string Word = $"(?>[{AtomSigns}.]+)";

    private const string Atoms = $@"{Atom}+([.]{Atom}+)*";

    private const string Quoted = @"""([^""\\\r\n]|\\[^\r\n])*""";

    private const string Mailbox = $@"({Atoms}|{Quoted})@({Atoms}|\[[0-9a-fA-F.:]+\])";

    private const string ColorPart = "(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])";

    private static readonly FrozenDictionary<string, Func<string, bool>> Texts =
        new Dictionary<string, Func<string, bool>>
    {
        ["bsonobjectid"] = static t => ObjectId().IsMatch(t),
        ["uri"] = static t => UrlLibrary.Complaint(t) is null,
        ["email"] = static t => Email().IsMatch(t),
        ["hostname"] = IsHostName,
        ["ipv4"] = static t => NetworkRules.ParseSloppy(t) is not null && t.Contains('.', StringComparison.Ordinal),
        ["ipv6"] = static t => NetworkRules.ParseSloppy(t) is not null && t.Contains(':', StringComparison.Ordinal),
        ["cidr"] = static t => NetworkRules.ParseCidrSloppy(t) is not null,
        ["mac"] = static t => Mac().IsMatch(t),
        ["uuid"] = static t => Uuid().IsMatch(t),
        ["uuid3"] = static t => Uuid().IsMatch(t) && Digit(t, 12) == '3',
        ["uuid4"] = static t => Uuid().IsMatch(t) && Digit(t, 12) == '4' && "89abAB".Contains(Digit(t, 16)),
        ["uuid5"] = static t => Uuid().IsMatch(t) && Digit(t, 12) == '5' && "89abAB".Contains(Digit(t, 16)),
        ["isbn"] = static t => CheckDigits.IsIsbn10(t) || CheckDigits.IsIsbn13(t),
        ["isbn10"] = CheckDigits.IsIsbn10,
        ["isbn13"] = CheckDigits.IsIsbn13,
        ["creditcard"] = static t =>
            CheckDigits.Plain(t) is var plain && CreditCard().IsMatch(plain) && CheckDigits.HasLuhn(plain),
        ["ssn"] = static t => SocialSecurity().IsMatch(t),
        ["hexcolor"] = static t => HexColor().IsMatch(t),
        ["rgbcolor"] = static t => RgbColor().IsMatch(t),
        ["byte"] = static t => t.Length % 4 == 0 && Base64().IsMatch(t),
        ["password"] = static _ => true,
        ["date"] = IsDate,
        ["duration"] = static t => CelDurations.TryParseFormat(t, out _),
        ["datetime"] = static t => Moment().Match(t) is { Success: true } match && IsDate(match.Groups[1].Value),
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

    private static bool IsDate(string text) => DateOnly.TryParseExact(
        text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    /// <summary>Lengths are in bytes: of a label 63, of all 255.</summary>
    private static bool IsHostName(string text) =>
        Encoding.UTF8.GetByteCount(text) <= 255
        && text.Split('.').All(static p => Encoding.UTF8.GetByteCount(p) <= 63)
        && HostName().IsMatch(string.Concat(text.EnumerateRunes().Select(Narrow)));

    /// <summary>A pattern sees halves of what lies beyond U+FFFF: another sign of its category stands for it.</summary>
    private static char Narrow(Rune rune) =>
        rune.IsBmp ? (char)rune.Value : Rune.IsLetter(rune) ? 'a' : Rune.IsSymbol(rune) ? '+' : '_';

    [GeneratedRegex($"^{Hex}{{24}}\\z")]
    private static partial Regex ObjectId();

    /// <summary>One address, with a name before it or without, as Go's <c>mail.ParseAddress</c> takes it.</summary>
    [GeneratedRegex(
        $@"^[ \t]*((?>({Word}[ \t]+|{Quoted}[ \t]*)*)({Word})?<{Mailbox}>|{Mailbox})[ \t]*\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Email();

    /// <summary>Of one label alone a dash is its second character, or none is one.</summary>
    [GeneratedRegex(
        $@"^({Sign}(-?{Sign}{{0,62}})?|({Sign}([-a-zA-Z0-9\p{{S}}\p{{L}}]{{0,61}}{Sign})?[.])+"
        + @"[a-zA-Z\p{L}]{2,63})\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex HostName();

    [GeneratedRegex(
        $@"^({Hex}{{2}}(([:-]){Hex}{{2}})(\3{Hex}{{2}}){{4}}((\3{Hex}{{2}}){{2}}((\3{Hex}{{2}}){{12}})?)?"
        + $@"|{Hex}{{4}}([.]{Hex}{{4}}){{2}}([.]{Hex}{{4}}(([.]{Hex}{{4}}){{6}})?)?)\z")]
    private static partial Regex Mac();

    [GeneratedRegex($"^{Hex}{{8}}-?{Hex}{{4}}-?{Hex}{{4}}-?{Hex}{{4}}-?{Hex}{{12}}\\z")]
    private static partial Regex Uuid();

    [GeneratedRegex(
        @"^(4[0-9]{12}([0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
        + @"|6(011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(0[0-5]|[68][0-9])[0-9]{11}|(2131|1800|35[0-9]{3})[0-9]{11}"
        + @"|6[27][0-9]{14})\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex CreditCard();

    [GeneratedRegex(@"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}\z")]
    private static partial Regex SocialSecurity();

    [GeneratedRegex($"^#?({Hex}{{3}}|{Hex}{{6}})\\z", RegexOptions.ExplicitCapture)]
    private static partial Regex HexColor();

    [GeneratedRegex(
        $@"^rgb\({Blank}*{ColorPart}{Blank}*,{Blank}*{ColorPart}{Blank}*,{Blank}*{ColorPart}{Blank}*\)\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex RgbColor();

    /// <summary>Of a text of whole groups of four.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9+/]+={0,2}\z")]
    private static partial Regex Base64();

    /// <summary>Date and time have a T between them, and a zone; what stands behind another T does not count.</summary>
    [GeneratedRegex(
        @"^([^tT]*)[tT]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?([zZ]|[+-][0-9]{2}:[0-9]{2})([tT]|\z)")]
    private static partial Regex Moment();
}
