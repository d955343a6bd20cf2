namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>
/// How this server tells others for whom a request is that it hands on to them: it proves who it is by a certificate
/// of an authority that signs nothing else, and says the rest in headers.
/// </summary>
public static class FrontProxy
{
    /// <summary>The common name of the certificate.</summary>
    public const string ClientName = "front-proxy-client";

    public const string UserHeader = "X-Remote-User";
    public const string UidHeader = "X-Remote-Uid";
    public const string GroupHeader = "X-Remote-Group";
    public const string ExtraHeaderPrefix = "X-Remote-Extra-";

    private static readonly string[] Headers = [UserHeader, UidHeader, GroupHeader];

    /// <summary>True for a header that says something of the user.</summary>
    public static bool NamesUser(string header) =>
        Headers.Contains(header, StringComparer.OrdinalIgnoreCase)
        || header.StartsWith(ExtraHeaderPrefix, StringComparison.OrdinalIgnoreCase);
}
