using OrleansOrchestrator.Grains.Cloud.Remote;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Where the provider of the cluster's cloud is; null is what is not given.</summary>
public sealed record CloudSettings
{
    public string? Endpoint { get; init; }

    public string? AuthorityFile { get; init; }

    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>The same with the content of the files; null without a cloud.</summary>
    /// <param name="hasPools">Load balancers have addresses of pools.</param>
    public RemoteCloudOptions? Read(bool hasPools)
    {
        if (Endpoint is not { } endpoint)
        {
            return (AuthorityFile ?? CertificateFile ?? KeyFile) is null
                ? null
                : throw new UserErrorException("--cloud-provider-*-file needs --cloud-provider-endpoint");
        }

        if (hasPools)
        {
            throw new UserErrorException(
                "--load-balancer-pool and --cloud-provider-endpoint exclude each other: a cluster has one cloud");
        }

        if (CertificateFile is null != KeyFile is null)
        {
            throw new UserErrorException(
                "--cloud-provider-cert-file and --cloud-provider-key-file must be specified together");
        }

        var options = new RemoteCloudOptions
        {
            Endpoint = endpoint,
            AuthorityPem = AuthorityFile is { } authority ? File.ReadAllText(authority) : null,
            ClientPem = CertificateFile is { } certificate
                ? $"{File.ReadAllText(certificate)}\n{File.ReadAllText(KeyFile!)}"
                : null,
        };
        return options.Problem() is { } problem
            ? throw new UserErrorException($"--cloud-provider-endpoint: {problem}")
            : options;
    }
}
