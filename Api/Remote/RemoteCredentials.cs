namespace OrleansOrchestrator.Api.Remote;

/// <summary>What shows another server who asks.</summary>
public sealed record RemoteCredentials
{
    /// <summary>A certificate and its key (PEM); empty for none.</summary>
    public string Pem { get; init; } = "";

    /// <summary>A header; empty for none.</summary>
    public string Authorization { get; init; } = "";

    /// <summary>A bearer token in a file, which may change; empty for none.</summary>
    public string TokenFile { get; init; } = "";

    /// <summary>A server, asked with them.</summary>
    public RemoteTarget AskWith(RemoteTarget target) => target with
    {
        Authorization = Authorization, TokenFile = TokenFile, ClientPem = Pem,
    };
}
