using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Expressions;

/// <summary>Formats by their names: <c>format.dns1123Label().validate(text)</c> has the complaints, if any.</summary>
internal static class FormatLibrary
{
    private const string Name = "kubernetes.NamedFormat";

    private const long UriPattern = 1120;
    private const long UuidPattern = 70;
    private const long Base64Pattern = 84;
    private const long MomentPattern = 71;

    private static readonly CelType FormatType = CelType.Opaque(Name);

    /// <summary>With upstream's lengths of the patterns, whether it uses them or not.</summary>
    private static readonly Dictionary<string, Format> Known = new(StringComparer.Ordinal)
    {
        ["dns1123Label"] = new(30, static s => NameRules.DnsLabel(s)),
        ["dns1123Subdomain"] = new(60, static s => NameRules.DnsSubdomain(s)),
        ["dns1035Label"] = new(30, static s => NameRules.Dns1035Label(s)),
        ["qualifiedName"] = new(60, NameRules.QualifiedName),
        ["portName"] = new(20, NameRules.PortName),
        ["dns1123LabelPrefix"] = new(30, static s => NameRules.DnsLabel(s, isPrefix: true)),
        ["dns1123SubdomainPrefix"] = new(60, static s => NameRules.DnsSubdomain(s, isPrefix: true)),
        ["dns1035LabelPrefix"] = new(30, static s => NameRules.Dns1035Label(s, isPrefix: true)),
        ["labelValue"] = new(40, NameRules.LabelValue),
        ["uri"] = new(UriPattern, static s =>
            UrlLibrary.Complaint(s) is { } complaint ? [$"parse {GoText.Quote(s)}: {complaint}"] : []),
        ["uuid"] = new(UuidPattern, static s => Fits("uuid", s, "does not match the UUID format")),
        ["byte"] = new(Base64Pattern, static s => Fits("byte", s, "invalid base64")),
        ["date"] = new(MomentPattern, static s => Fits("date", s, "invalid date")),
        ["datetime"] = new(MomentPattern, static s => Fits("datetime", s, "invalid datetime")),
    };

    public static CelLibrary Library { get; } = new()
    {
        Types = [FormatType],
        Functions =
        [
            CelFunction.Of("format.named", ("format-named", $"(string) optional({Name})", static a => CelValue.Of(
                Known.TryGetValue(a[0].AsString, out var format) ? CelOptional.Of(CelValue.Of(format))
                    : CelOptional.None))),
            CelFunction.Of("validate", ("format-validate", $"{Name}.(string) optional(list(string))", static a =>
            {
                var complaints = ((Format)a[0].AsOpaque).Complaints(a[1].AsString).Select(CelValue.Of).ToArray();
                return CelValue.Of(complaints.Length == 0
                    ? CelOptional.None
                    : CelOptional.Of(CelValue.Of(CelList.Of(complaints))));
            })),
            .. Known.Select(static f =>
                CelFunction.Of($"format.{f.Key}", ($"format.{f.Key}", $"() {Name}", _ => CelValue.Of(f.Value)))),
        ],
    };

    private static string[] Fits(string format, string text, string complaint) =>
        SchemaFormats.Fits(format, text) ? [] : [complaint];

    private sealed class Format(long patternLength, Func<string, IEnumerable<string>> complaints) : CelOpaque
    {
        public override CelType Type => FormatType;

        public override long PatternLength => patternLength;

        public IEnumerable<string> Complaints(string text) => complaints(text);
    }
}
