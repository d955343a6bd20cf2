using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.Resources.Certificates.SigningRequests;

/// <summary>What a request in PEM asks to be certified, as Go's <c>crypto/x509</c> reads it.</summary>
public sealed record RequestContents
{
    private const string AlternativeNamesOid = "2.5.29.17";
    private const int EmailTag = 1;
    private const int DnsTag = 2;
    private const int UriTag = 6;
    private const int AddressTag = 7;

    public required X500DistinguishedName Subject { get; init; }

    public required PublicKey PublicKey { get; init; }

    public string CommonName { get; private init; } = "";

    public IReadOnlyList<string> Organizations { get; private init; } = [];

    public IReadOnlyList<string> DnsNames { get; private init; } = [];

    public IReadOnlyList<string> Emails { get; private init; } = [];

    public IReadOnlyList<string> Uris { get; private init; } = [];

    public IReadOnlyList<IPAddress> Addresses { get; private init; } = [];

    /// <summary>Reads a request that validation let through; null when it is none.</summary>
    public static RequestContents? Read(byte[]? pem)
    {
        try
        {
            return PemRequests.Load(pem) is { } request ? Of(request) : null;
        }
        catch (Exception error) when (error is CryptographicException or AsnContentException or FormatException)
        {
            return null;
        }
    }

    private static RequestContents Of(CertificateRequest request)
    {
        var names = new List<(int Tag, byte[] Value)>();
        foreach (var extension in request.CertificateExtensions.Where(e => e.Oid?.Value == AlternativeNamesOid))
        {
            var sequence = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (sequence.HasData)
            {
                var tag = sequence.PeekTag();
                var value = sequence.ReadEncodedValue();
                if (!tag.IsConstructed && tag.TagClass == TagClass.ContextSpecific)
                {
                    names.Add((tag.TagValue, ContentOf(value, tag)));
                }
            }
        }

        return new RequestContents
        {
            Subject = request.SubjectName,
            PublicKey = request.PublicKey,
            CommonName = SubjectNames.CommonName(request.SubjectName),
            Organizations = SubjectNames.Organizations(request.SubjectName),
            DnsNames = Texts(names, DnsTag),
            Emails = Texts(names, EmailTag),
            Uris = Texts(names, UriTag),
            Addresses = [.. names.Where(n => n.Tag == AddressTag).Select(n => new IPAddress(n.Value))],
        };
    }

    private static byte[] ContentOf(ReadOnlyMemory<byte> encoded, Asn1Tag tag) =>
        new AsnReader(encoded, AsnEncodingRules.DER).ReadOctetString(tag);

    private static List<string> Texts(List<(int Tag, byte[] Value)> names, int tag) =>
        [.. names.Where(n => n.Tag == tag).Select(n => System.Text.Encoding.ASCII.GetString(n.Value))];
}
