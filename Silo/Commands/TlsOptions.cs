using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>How TLS is spoken with clients of the API, under upstream's names.</summary>
internal sealed class TlsOptions
{
    private readonly Option<string?> _oldest = CommonOptions.MaybeText(
        "--tls-min-version",
        $"The oldest TLS that is spoken: {string.Join(", ", TlsSettings.VersionNames)}. Default: "
            + $"{TlsSettings.DefaultVersion}.");
    private readonly Option<string[]> _suites = CommonOptions.List(
        "--tls-cipher-suites",
        "With what TLS 1.2 and older may encrypt, such as TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384. Default: what the "
            + "machine's OpenSSL thinks good.");

    private readonly NamedCertificatesOption _named = new();

    public IEnumerable<Option> All => [_oldest, _suites, _named];

    public TlsSettings Read(ParseResult parsed) =>
        TlsSettings.Read(parsed.GetValue(_oldest), CommonOptions.ListOf(parsed, _suites)) with
        {
            Named = [.. parsed.GetRequiredValue(_named).Select(NamedCertificateFiles.Parse)],
        };
}
