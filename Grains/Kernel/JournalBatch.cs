using System.Globalization;
using System.Text;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>A write that waits for its batch.</summary>
internal sealed class PendingWrite(JournalWrite write, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource<Outcome<ResourceObject>> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JournalWrite Write => write;

    public CancellationToken CancellationToken => cancellationToken;

    public int Bytes => write.Write.Json.Length;

    public Task<Outcome<ResourceObject>> Done => _done.Task;

    /// <summary>What the write will be told once its batch is committed.</summary>
    public Outcome<ResourceObject> Answer { get; set; }

    /// <summary>The write is one of the batch's changes; false when its answer is a refusal.</summary>
    public bool IsChange { get; set; }

    public void Complete() => _done.TrySetResult(Answer);

    public void Fail(Exception error)
    {
        // Nobody waits for what was promised: its failure is no unobserved one.
        _done.TrySetException(error);
        _ = _done.Task.Exception;
    }

    public void Cancel() => _done.TrySetCanceled(cancellationToken);
}

/// <summary>
/// Decides the writes of one batch, in order, against the index and the batch's own earlier writes, and gives out
/// revisions. Pure: nothing of the journal changes before the store has committed.
/// </summary>
internal sealed class JournalBatch(ResourceName resource, JournalIndex index, long revision)
{
    private const string NothingHead = """
        {"metadata":{"resourceVersion":"
        """;

    /// <summary>A revision without a change: the deletion of what has no name, as the change log can hold it.</summary>
    public static readonly JournalWrite Nothing = new(
        new ObjectKey("", ""),
        new ObjectWrite
        {
            Kind = WriteKind.Delete,
            ExpectedRevision = 0,
            Uid = "",
            Json = Encoding.UTF8.GetBytes(NothingHead + "\"}}"),
            RevisionOffset = NothingHead.Length,
        });

    /// <summary>
    /// Revisions that this batch itself sets; 0 for objects it deletes. Made when a batch has a second write.
    /// </summary>
    private Dictionary<ObjectKey, long>? _own;

    /// <summary>What to append.</summary>
    public List<Change> Changes { get; } = [];

    /// <summary>
    /// Everything that gets an answer with the batch, refusals too: they hold only if the fence holds.
    /// </summary>
    public List<PendingWrite> Writes { get; } = [];

    /// <summary>Who waits until all is stored that was promised before; null for nobody.</summary>
    public TaskCompletionSource? Flush { get; set; }

    public void Add(PendingWrite pending)
    {
        var (key, write) = (pending.Write.Key, pending.Write.Write);
        var current = _own is not null && _own.TryGetValue(key, out var own) ? own : index.RevisionOf(key);
        Writes.Add(pending);
        if (Refuse(key, write, current) is { } refusal)
        {
            pending.Answer = refusal;
            return;
        }

        var next = revision + Changes.Count + 1;
        var item = new ResourceObject(key, write.Uid, next, InsertRevision(write, next));
        Changes.Add(new Change(KindOf(write.Kind), item)
        {
            PreviousRevision = current, Trace = write.Trace,
        });
        pending.Answer = item;
        pending.IsChange = true;
        (_own ??= [])[key] = write.Kind == WriteKind.Delete ? 0 : next;
    }

    private Status? Refuse(ObjectKey key, ObjectWrite write, long current)
    {
        if (write.Kind == WriteKind.Create)
        {
            return current == 0 ? null : StatusErrors.AlreadyExists(resource, key.Name);
        }

        if (current == 0)
        {
            return key == Nothing.Key ? null : StatusErrors.NotFound(resource, key.Name);
        }

        return current == write.ExpectedRevision ? null : StatusErrors.Modified(resource, key.Name);
    }

    private static ChangeKind KindOf(WriteKind kind) => kind switch
    {
        WriteKind.Create => ChangeKind.Added,
        WriteKind.Update => ChangeKind.Modified,
        _ => ChangeKind.Deleted,
    };

    /// <summary>
    /// The bytes with the revision's digits between the quotes of the empty resourceVersion: the write path's only
    /// copy.
    /// </summary>
    internal static byte[] InsertRevision(ObjectWrite write, long revision)
    {
        var json = write.Json.Span;
        var offset = write.RevisionOffset;
        Invariant.Check(
            offset > 0 && offset < json.Length && json[offset - 1] == '"' && json[offset] == '"',
            "the revision's place is an empty JSON string",
            offset);
        Span<byte> digits = stackalloc byte[20];
        revision.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        var result = GC.AllocateUninitializedArray<byte>(json.Length + length);
        json[..offset].CopyTo(result);
        digits[..length].CopyTo(result.AsSpan(offset));
        json[offset..].CopyTo(result.AsSpan(offset + length));
        return result;
    }
}
