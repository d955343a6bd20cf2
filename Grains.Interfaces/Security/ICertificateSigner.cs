namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>Certifies keys that others keep, with the cluster's authority.</summary>
public interface ICertificateSigner
{
    /// <summary>A certificate, PEM.</summary>
    ValueTask<string> SignAsync(SigningOrder order, CancellationToken cancellationToken);
}

/// <summary>A request to be certified as its signer may: who asks has seen to that.</summary>
[GenerateSerializer, Immutable, Alias("orch.signing-order")]
public sealed record SigningOrder
{
    /// <summary>The request, PEM.</summary>
    [Id(0)]
    public required byte[] Request { get; init; }

    /// <summary>What it may be used for, in the words of the certificates API.</summary>
    [Id(1)]
    public required IReadOnlyList<string> Usages { get; init; }

    [Id(2)]
    public required TimeSpan Validity { get; init; }
}
