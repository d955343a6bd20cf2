using System.Globalization;
using System.Net;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>Where a server lies that this API calls: at a URL, or behind a Service of the cluster.</summary>
/// <param name="Host">The name that its certificate must have.</param>
/// <param name="Port">The port; of the Service, for one.</param>
/// <param name="Path">Begins with a slash.</param>
/// <param name="CaBundle">The authorities (PEM, in base64) that sign for it; empty for those of this machine.</param>
/// <param name="Service">The Service; null for a server that is where its name says.</param>
public sealed record RemoteTarget(string Host, int Port, string Path, string CaBundle, ObjectKey? Service)
{
    private const int DefaultPort = 443;

    /// <summary>Scheme, host and port as they were given: a port that goes without saying is not said.</summary>
    public required string Origin { get; init; }

    /// <summary>Whoever answers is taken for the server.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The name that its certificate must have, where that is not <see cref="Host"/>.</summary>
    public string ServerName { get; init; } = Host;

    /// <summary>Who asks: a certificate and its key (PEM); empty for none.</summary>
    public string ClientPem { get; init; } = "";

    /// <summary>Who asks: a header; empty for none.</summary>
    public string Authorization { get; init; } = "";

    /// <summary>Who asks: a bearer token in a file, which may change; empty for none.</summary>
    public string TokenFile { get; init; } = "";

    /// <summary>
    /// It is asked for the users of this server, who are told in headers with a line for each value: in HTTP/1.1.
    /// </summary>
    public bool IsBehindUs { get; init; }

    /// <summary>
    /// There may be several of it behind its name: questions at once are asked on connections of their own, in
    /// HTTP/1.1, so that each gets its share.
    /// </summary>
    public bool IsBalanced { get; init; }

    /// <summary>It is this server itself, by its name in the cluster.</summary>
    public bool IsOwn => this is { Host: "kubernetes.default.svc", Port: DefaultPort };

    /// <summary>A Service, by the name that it has in the cluster's DNS.</summary>
    public static RemoteTarget OfService(ObjectKey service, int? port, string? path, byte[]? caBundle)
    {
        var number = port ?? DefaultPort;
        var host = $"{service.Name}.{service.Namespace}.svc";
        return new RemoteTarget(host, number, Clean(path ?? ""), Text(caBundle), service)
        {
            Origin = string.Create(CultureInfo.InvariantCulture, $"https://{host}:{number}"),
            IsBalanced = true,
        };
    }

    /// <summary>A URL; null when it is none.</summary>
    public static RemoteTarget? OfUrl(string url, byte[]? caBundle) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme == Uri.UriSchemeHttps
            ? new RemoteTarget(parsed.IdnHost, parsed.Port, Clean(parsed.AbsolutePath), Text(caBundle), null)
            {
                Origin = url.IndexOf('/', "https://".Length) is var end and > 0 ? url[..end] : url,
            }
            : null;

    /// <summary>A webhook's client configuration; null when it says nothing of use.</summary>
    public static RemoteTarget? Of(Admissionregistrationv1WebhookClientConfig client) => client switch
    {
        { Service: { } service } => OfService(
            new ObjectKey(service.NamespaceProperty ?? "", service.Name ?? ""), service.Port, service.Path,
            client.CaBundle),
        { Url: { } url } => OfHook(url, client.CaBundle),
        _ => null,
    };

    /// <summary>The client configuration of a definition's conversion; null when it says nothing of use.</summary>
    public static RemoteTarget? Of(Apiextensionsv1WebhookClientConfig client) => client switch
    {
        { Service: { } service } => OfService(
            new ObjectKey(service.NamespaceProperty ?? "", service.Name ?? ""), service.Port, service.Path,
            client.CaBundle),
        { Url: { } url } => OfHook(url, client.CaBundle),
        _ => null,
    };

    private static RemoteTarget? OfHook(string url, byte[]? caBundle) =>
        OfUrl(url, caBundle) is { } target ? target with { IsBalanced = !IsThisMachine(target.Host) } : null;

    private static bool IsThisMachine(string host) =>
        host == "localhost"
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static string Text(byte[]? caBundle) => caBundle is null ? "" : Convert.ToBase64String(caBundle);

    /// <summary>One slash before each step, and none at the end, as Go joins paths.</summary>
    private static string Clean(string path) =>
        "/" + string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));
}
