using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that name the provider of the cluster's cloud.</summary>
internal sealed class CloudOptions
{
    private readonly Option<string?> _endpoint = CommonOptions.MaybeText(
        KeptOptions.Cloud,
        "Where a provider of the cluster's cloud is, which speaks gRPC: unix:///PATH or https://HOST:PORT. Machines, "
            + "load balancers and routes are its then; docs/cloud.md.");
    private readonly FileOption _authority = CommonOptions.MaybeFile(
        "--cloud-provider-ca-file", "The authorities that sign for it. Default: those of this machine.");
    private readonly FileOption _certificate = CommonOptions.MaybeFile(
        "--cloud-provider-cert-file", "The certificate that it is shown.");
    private readonly FileOption _key = CommonOptions.MaybeFile(
        "--cloud-provider-key-file", "The key of that certificate.");

    public IEnumerable<Option> All => [_endpoint, _authority, _certificate, _key];

    public CloudSettings Read(ParseResult parsed) => new()
    {
        Endpoint = parsed.GetValue(_endpoint),
        AuthorityFile = parsed.GetValue(_authority),
        CertificateFile = parsed.GetValue(_certificate),
        KeyFile = parsed.GetValue(_key),
    };
}
