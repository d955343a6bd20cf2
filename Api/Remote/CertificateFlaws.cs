namespace OrleansOrchestrator.Api.Remote;

/// <summary>What of a server's certificate clients in Go take no more.</summary>
[Flags]
internal enum CertificateFlaws
{
    None = 0,

    /// <summary>It has no alternative names.</summary>
    MissingNames = 1,

    /// <summary>It, or another that it is trusted by, but a root, is signed with SHA-1.</summary>
    Sha1 = 2,
}
