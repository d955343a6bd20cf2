using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>Where a cloud's provider is, and how it is asked.</summary>
public sealed record RemoteCloudOptions
{
    private const string SocketScheme = "unix://";

    /// <summary><c>unix:///path/of/socket</c>, or <c>https://host:port</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The authorities of its certificate, PEM; null for those of the machine.</summary>
    public string? AuthorityPem { get; init; }

    /// <summary>The certificate to show it, with its key, PEM; null for none.</summary>
    public string? ClientPem { get; init; }

    /// <summary>How long it may take to tell something.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it may take to change something: load balancers take their time.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The path of the socket; null when it is none.</summary>
    internal string? SocketPath => Endpoint.StartsWith(SocketScheme, StringComparison.Ordinal)
        ? Endpoint[SocketScheme.Length..]
        : null;

    /// <summary>What is wrong; null for nothing.</summary>
    public string? Problem()
    {
        if (SocketPath is { } path)
        {
            return !Path.IsPathRooted(path) ? $"{Endpoint} names no absolute path"
                : AuthorityPem is null && ClientPem is null ? null
                : "a unix socket takes no certificates";
        }

        if (!Uri.TryCreate(Endpoint, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps
            || url.PathAndQuery != "/" || url.UserInfo.Length > 0)
        {
            return $"{Endpoint} is neither unix:///PATH nor https://HOST:PORT";
        }

        try
        {
            Authorities();
            Client()?.Dispose();
            return null;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return error.Message;
        }
    }

    internal X509Certificate2Collection Authorities()
    {
        var result = new X509Certificate2Collection();
        if (AuthorityPem is { } pem)
        {
            result.ImportFromPem(pem);
            if (result.Count == 0)
            {
                throw new ArgumentException("the authorities are no certificates");
            }
        }

        return result;
    }

    internal X509Certificate2? Client()
    {
        if (ClientPem is not { } text)
        {
            return null;
        }

        using var pem = X509Certificate2.CreateFromPem(text, text);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }
}
