namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>Issues the tokens of service accounts that are kept in Secrets: they live as long as those.</summary>
public interface ISecretTokens
{
    /// <summary>A signed token.</summary>
    ValueTask<string> IssueAsync(SecretTokenOrder order, CancellationToken cancellationToken);
}

/// <summary>A token to be kept in a Secret.</summary>
public sealed record SecretTokenOrder
{
    public required string Namespace { get; init; }

    public required string Secret { get; init; }

    public required string ServiceAccount { get; init; }

    public required string ServiceAccountUid { get; init; }
}
