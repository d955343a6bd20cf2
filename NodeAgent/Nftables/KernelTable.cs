using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>
/// A table of ours in the kernel. Each change is one transaction of what differs from the last one that succeeded. When
/// nobody knows what the kernel holds (at the start, after a failure), it is read, and only what differs is written: a
/// restart of the agent changes nothing where nothing has changed. A table of another version, or one that others have
/// been at, is written anew in one transaction.
/// </summary>
/// <param name="layout">What the table always holds.</param>
/// <param name="time">Clock.</param>
/// <param name="space">Network namespace by name; null for our own.</param>
public sealed class KernelTable(TableLayout layout, TimeProvider time, string? space)
{
    private readonly TableText _text = new(layout);
    private readonly HeldParts _parts = new(time);

    /// <summary>Whether the kernel holds what was last applied.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Size of the last transaction's text.</summary>
    public int LastTransactionBytes { get; private set; }

    /// <summary>Goes from one state to another. False when nothing had to change.</summary>
    /// <param name="before">What changes, as it was applied last.</param>
    /// <param name="after">What changes, as it is to be.</param>
    /// <param name="all">Everything that is to be: asked for when nobody knows what the kernel holds.</param>
    /// <param name="cancellationToken">Token.</param>
    public async Task<bool> ApplyAsync(
        Ruleset before, Ruleset after, Func<Ruleset> all, CancellationToken cancellationToken)
    {
        var wasKnown = IsKnown;
        IsKnown = false;
        var isWritten = wasKnown
            ? await ChangeAsync(before, after, cancellationToken)
            : await TakeOverAsync(all(), cancellationToken);
        IsKnown = true;
        return isWritten;
    }

    /// <summary>
    /// Whether our rules are still there; when not, the next change writes everything. nft can list nothing without
    /// reading every element, so it is asked what would happen if a chain that our rules call were deleted: the kernel
    /// finds it busy as long as they do.
    /// </summary>
    public async Task<bool> IsIntactAsync(CancellationToken cancellationToken)
    {
        IsKnown &= await IsCalledAsync(cancellationToken);
        return IsKnown;
    }

    /// <summary>Takes the table out of the kernel.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        IsKnown = false;
        await NftAsync(_text.Removal(), cancellationToken);
    }

    /// <summary>Runs a program where the table is.</summary>
    public Task<CommandResult> RunAsync(
        string program, string[] arguments, string? input, CancellationToken cancellationToken) =>
        space is null
            ? Commands.RunAsync(program, arguments, cancellationToken, input)
            : Commands.RunAsync("ip", ["netns", "exec", space, program, .. arguments], cancellationToken, input);

    private async Task<bool> IsCalledAsync(CancellationToken cancellationToken)
    {
        var deletion = $"delete chain {layout.Family.Word} {layout.Name} {layout.Called}\n";
        var trial = await RunAsync("nft", ["-c", "-f", "-"], deletion, cancellationToken);
        return !trial.Succeeded && !trial.Error.Contains("No such file", StringComparison.Ordinal);
    }

    private async Task<bool> ChangeAsync(Ruleset before, Ruleset after, CancellationToken cancellationToken)
    {
        var idle = _parts.Due(after);
        var transaction = _text.Change(before, after, _parts.Missing(after), idle);
        if (transaction.Length > 0)
        {
            await NftAsync(transaction, cancellationToken);
        }

        _parts.Note(before.Parts.Keys, after, idle);
        return transaction.Length > 0;
    }

    private async Task<bool> TakeOverAsync(Ruleset wanted, CancellationToken cancellationToken)
    {
        if (await ExistingAsync(cancellationToken) is { } existing)
        {
            var parts = existing.Parts.Keys.Where(p => !layout.Has(p)).ToList();
            _parts.Reset(parts);
            var transaction = _text.Change(existing, wanted, _parts.Missing(wanted), []);
            if (await TryAsync(transaction, cancellationToken))
            {
                _parts.Note(parts, wanted, []);
                return transaction.Length > 0;
            }
        }

        await NftAsync(_text.Full(wanted), cancellationToken);
        _parts.Reset(wanted.Parts.Keys);
        return true;
    }

    // Null when it is not there, of another version, or damaged.
    private async Task<Ruleset?> ExistingAsync(CancellationToken cancellationToken)
    {
        if (!await IsCalledAsync(cancellationToken))
        {
            return null;
        }

        var listed = await RunAsync(
            "nft", ["-j", "list", "table", layout.Family.Word, layout.Name], null, cancellationToken);
        return listed.Succeeded && TableListing.Parse(listed.Output) is { } existing &&
            existing.Parts.ContainsKey(layout.Marker) ? existing : null;
    }

    private async Task<bool> TryAsync(string transaction, CancellationToken cancellationToken)
    {
        LastTransactionBytes = transaction.Length;
        return transaction.Length == 0 ||
            (await RunAsync("nft", ["-f", "-"], transaction, cancellationToken)).Succeeded;
    }

    private async Task NftAsync(string transaction, CancellationToken cancellationToken)
    {
        LastTransactionBytes = transaction.Length;
        var result = await RunAsync("nft", ["-f", "-"], transaction, cancellationToken);
        if (!result.Succeeded)
        {
            throw new IOException($"nft refused the rules: {result.Error.Trim()}");
        }
    }
}
