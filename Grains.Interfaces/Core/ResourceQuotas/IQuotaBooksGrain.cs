using Orleans.Concurrency;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Interfaces.Core.ResourceQuotas;

/// <summary>
/// Charges writes to the quotas of their namespaces. It is the journal of ResourceQuotas by another interface, and has
/// its key: whoever orders the versions of a quota also knows what is used of it.
/// </summary>
/// <remarks>
/// Calls interleave, as those of <see cref="IJournalGrain"/>: an answer is made in one go, without an <c>await</c>,
/// from books that change only in one go.
/// </remarks>
[Alias("orch.quota-books")]
public interface IQuotaBooksGrain : IGrainWithStringKey
{
    /// <summary>
    /// Charges writes of one namespace one after the other, each to all of its quotas or to none. What is charged may
    /// be used at once, and is seen by all reads that begin later. Throws <see cref="StoreUnavailableException"/> when
    /// surely nothing was charged.
    /// </summary>
    [AlwaysInterleave, Alias("Charge"), ResponseTimeout("00:00:03")]
    Task<QuotaAnswer> ChargeAsync(QuotaRequest request, CancellationToken cancellationToken);
}

/// <summary>Writes of one namespace that wait to be charged.</summary>
[GenerateSerializer, Immutable, Alias("orch.quota-request")]
public sealed record QuotaRequest
{
    [Id(0)]
    public required string Namespace { get; init; }

    /// <summary>The revision of the quotas by which it was found out which of them count what.</summary>
    [Id(1)]
    public required long Revision { get; init; }

    [Id(2)]
    public required IReadOnlyList<QuotaNeed> Writes { get; init; }
}

/// <summary>What one write needs; nothing when no quota bounds anything of it.</summary>
[GenerateSerializer, Immutable, Alias("orch.quota-need")]
public sealed record QuotaNeed
{
    [Id(0)]
    public required IReadOnlyList<QuotaPart> Parts { get; init; }

    /// <summary>It is only asked whether it could be had: a dry run.</summary>
    [Id(1)]
    public bool Pretends { get; init; }

    /// <summary>It has been used already, and is charged whatever the quotas say.</summary>
    [Id(2)]
    public bool IsOwed { get; init; }
}

/// <summary>What a write needs of one quota.</summary>
/// <param name="Quota">The quota's name.</param>
/// <param name="More">By how much its use grows: quantities, by what it bounds.</param>
[GenerateSerializer, Immutable, Alias("orch.quota-part")]
public sealed record QuotaPart(
    [property: Id(0)] string Quota,
    [property: Id(1)] IReadOnlyDictionary<string, string> More);

/// <summary>What became of a <see cref="QuotaRequest"/>.</summary>
[GenerateSerializer, Immutable, Alias("orch.quota-answer")]
public sealed record QuotaAnswer
{
    /// <summary>
    /// Why a write exceeds a quota, in upstream's words, null when it was charged; one for each write, in their order.
    /// </summary>
    [Id(0)]
    public IReadOnlyList<string?> Refusals { get; init; } = [];

    /// <summary>The namespace's quotas have changed since the request's revision: nothing was charged.</summary>
    [Id(1)]
    public bool IsOutdated { get; init; }
}
