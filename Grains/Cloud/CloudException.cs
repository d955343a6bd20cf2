namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>A cloud could not do what it was asked for; the message is told to users in events.</summary>
/// <param name="message">Why.</param>
/// <param name="retryAfter">When the cloud wants to be asked again; null leaves that to the caller's back-off.</param>
public class CloudException(string message, TimeSpan? retryAfter = null) : Exception(message)
{
    /// <summary>When the cloud wants to be asked again; null leaves that to the caller's back-off.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
