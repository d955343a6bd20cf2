namespace OrleansOrchestrator.Api.Remote;

/// <summary>A server could not be reached or is not who it should be; the message is Go's.</summary>
internal sealed class RemoteFailureException(string message) : IOException(message)
{
    /// <summary>What of its certificate is why it is not.</summary>
    public CertificateFlaws Flaws { get; init; }
}
