using System.Text;
using OrleansOrchestrator.Api.Auth.RequestHeaders;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Proxies in front of this server, and how it is one for servers of aggregated APIs, as upstream's flags say it; null
/// is what is not given.
/// </summary>
public sealed record FrontProxySettings
{
    public string? AuthorityFile { get; init; }

    public IReadOnlyList<string> AllowedNames { get; init; } = [];

    public IReadOnlyList<string> UsernameHeaders { get; init; } = [];

    public IReadOnlyList<string> UidHeaders { get; init; } = [];

    public IReadOnlyList<string> GroupHeaders { get; init; } = [];

    public IReadOnlyList<string> ExtraHeaderPrefixes { get; init; } = [];

    public string? ClientCertificateFile { get; init; }

    public string? ClientKeyFile { get; init; }

    /// <summary>The files of this server's certificate; null when it makes its own.</summary>
    public ProxyClientFiles? Client => (ClientCertificateFile, ClientKeyFile) switch
    {
        ({ } certificate, { } key) => new ProxyClientFiles(certificate, key),
        (null, null) => null,
        _ => throw new UserErrorException(
            "--proxy-client-cert-file and --proxy-client-key-file must be specified together"),
    };

    private IEnumerable<(string Flag, IReadOnlyList<string> Values)> Lists =>
    [
        ("requestheader-username-headers", UsernameHeaders), ("requestheader-uid-headers", UidHeaders),
        ("requestheader-group-headers", GroupHeaders), ("requestheader-extra-headers-prefix", ExtraHeaderPrefixes),
        ("requestheader-allowed-names", AllowedNames),
    ];

    /// <summary>What the flags say of proxies in front, with the file of their authorities; nothing when there are
    /// none.</summary>
    public (RequestHeaderSettings? Settings, ReadOnlyMemory<byte> File) Read()
    {
        if (Lists.FirstOrDefault(static l => l.Values.Any(string.IsNullOrWhiteSpace)) is { Flag: { } empty })
        {
            throw new UserErrorException($"empty value in \"{empty}\"");
        }

        if (AuthorityFile is not { } path)
        {
            return Lists.FirstOrDefault(static l => l.Values.Count > 0) is { Flag: { } alone }
                ? throw new UserErrorException($"--{alone} needs --requestheader-client-ca-file")
                : (null, default);
        }

        var content = File.ReadAllBytes(path);
        var pem = Encoding.UTF8.GetString(content);
        RequestHeaderUsers.Check(pem);
        return (
            new RequestHeaderSettings
            {
                AuthorityPem = pem, AllowedNames = AllowedNames, UsernameHeaders = UsernameHeaders,
                UidHeaders = UidHeaders, GroupHeaders = GroupHeaders, ExtraHeaderPrefixes = ExtraHeaderPrefixes,
            },
            content);
    }
}
