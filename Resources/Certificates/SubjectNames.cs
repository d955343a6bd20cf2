using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OrleansOrchestrator.Resources.Certificates;

/// <summary>
/// What a subject says of who it is, as Go's <c>crypto/x509/pkix</c> reads it: every attribute counts, those that share
/// a relative distinguished name too, so that nobody hides a group from whoever looks here.
/// </summary>
public static class SubjectNames
{
    private const string CommonNameOid = "2.5.4.3";
    private const string OrganizationOid = "2.5.4.10";
    private const string UidOid = "1.3.6.1.4.1.57683.2";

    /// <summary>The last common name; empty without one.</summary>
    public static string CommonName(X500DistinguishedName subject) =>
        Values(subject, CommonNameOid).OfType<string>().LastOrDefault("");

    /// <summary>All organizations, in order.</summary>
    public static IReadOnlyList<string> Organizations(X500DistinguishedName subject) =>
        [.. Values(subject, OrganizationOid).OfType<string>()];

    /// <summary>The uid; empty without one, and null where it is no text, or empty, or one of several.</summary>
    public static string? Uid(X500DistinguishedName subject) => Values(subject, UidOid).ToList() switch
    {
        [] => "",
        [{ Length: > 0 } only] => only,
        _ => null,
    };

    private static IEnumerable<string?> Values(X500DistinguishedName subject, string oid) =>
        subject.EnumerateRelativeDistinguishedNames(reversed: false)
            .SelectMany(static part => Attributes(part.RawData))
            .Where(a => a.Oid == oid)
            .Select(static a => a.Value);

    /// <summary>Values that are no texts to Go are null.</summary>
    private static List<(string Oid, string? Value)> Attributes(ReadOnlyMemory<byte> part)
    {
        var found = new List<(string, string?)>();
        var set = new AsnReader(part, AsnEncodingRules.BER).ReadSetOf(skipSortOrderValidation: true);
        while (set.HasData)
        {
            var attribute = set.ReadSequence();
            var oid = attribute.ReadObjectIdentifier();
            var tag = attribute.PeekTag();
            found.Add((
                oid,
                EncodingOf(tag) is { } encoding && attribute.TryReadPrimitiveCharacterStringBytes(tag, out var bytes)
                    ? encoding.GetString(bytes.Span)
                    : null));
        }

        return found;
    }

    private static Encoding? EncodingOf(Asn1Tag tag) =>
        tag.TagClass != TagClass.Universal ? null : (UniversalTagNumber)tag.TagValue switch
        {
            UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String
                or UniversalTagNumber.NumericString => Encoding.UTF8,
            UniversalTagNumber.T61String => Encoding.Latin1,
            UniversalTagNumber.BMPString => Encoding.BigEndianUnicode,
            _ => null,
        };
}
