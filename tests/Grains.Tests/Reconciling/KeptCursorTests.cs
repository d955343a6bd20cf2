using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class KeptCursorTests
{
    private readonly Cursors _kept = new();
    private readonly KeptCursor _cursor;

    public KeptCursorTests() => _cursor = new KeptCursor(_kept);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_written_only_when_it_has_moved()
    {
        Assert.True(await _cursor.BelongToAsync("a", Token));
        Assert.Equal(0, await _cursor.LoadAsync(Token));
        foreach (var next in (int[])[0, 2, 2, 1, 3])
        {
            await _cursor.SaveAsync(next, Token);
        }

        Assert.Equal(["save a 2", "save a 3"], _kept.Calls);
        var successor = new KeptCursor(_kept);
        await successor.BelongToAsync("a", Token);
        Assert.Equal(3, await successor.LoadAsync(Token));
    }

    [Fact]
    public async Task Another_owner_begins_anew_and_what_was_kept_of_the_first_goes()
    {
        await _cursor.BelongToAsync("a", Token);
        await _cursor.LoadAsync(Token);
        await _cursor.SaveAsync(4, Token);
        Assert.False(await _cursor.BelongToAsync("a", Token));
        Assert.True(await _cursor.BelongToAsync("b", Token));
        Assert.Equal(0, await _cursor.LoadAsync(Token));
        await _cursor.SaveAsync(1, Token);
        Assert.Equal(["save a 4", "forget a", "save b 1"], _kept.Calls);
    }

    /// <summary>An owner never looked up may have a cursor from before; one that began here has not.</summary>
    [Theory]
    [InlineData(false, "forget a")]
    [InlineData(true)]
    public async Task Only_what_may_be_kept_is_forgotten(bool begins, params string[] calls)
    {
        await _cursor.BelongToAsync("a", Token);
        if (begins)
        {
            Assert.Equal(0, _cursor.Begin());
        }

        await _cursor.BelongToAsync(null, Token);
        Assert.Equal(calls, _kept.Calls);
    }

    /// <summary>Names are not given anew because an owner cannot be decrypted for a while.</summary>
    [Theory]
    [InlineData("daemonset")]
    [InlineData("job")]
    [InlineData("replicaset")]
    public async Task What_is_kept_of_an_owner_that_cannot_be_read_stays(string kind)
    {
        var world = new World();
        world.AddNode("n1");
        var (uid, reconciler) = kind switch
        {
            "daemonset" => (world.AddDaemonSet("a").Metadata.Uid, world.Reconciler<V1DaemonSet>("a")),
            "job" => (AddJob(world), world.Reconciler<V1Job>("a")),
            _ => (world.AddReplicaSet("a", 1).Metadata.Uid, world.Reconciler<V1ReplicaSet>("a")),
        };
        await world.Cursors.SaveAsync(uid, 7, Token);
        await reconciler.ReconcileAsync(Token);
        world.Api.BeforeRead = static (_, _) => StatusErrors.InternalError("no key is there that decrypts it");
        await Assert.ThrowsAsync<ReconcileException>(() => reconciler.ReconcileAsync(Token));
        Assert.InRange(await world.Cursors.LoadAsync(uid, Token), 7, int.MaxValue);

        world.Api.BeforeRead = static (resource, key) => StatusErrors.NotFound(resource, key.Name);
        await reconciler.ReconcileAsync(Token);
        Assert.Equal(0, await world.Cursors.LoadAsync(uid, Token));
    }

    /// <summary>One whose pods were counted before: it may have a cursor.</summary>
    private static string AddJob(World world)
    {
        var uid = world.AddJob("a", static _ => { }).Metadata.Uid;
        var counted = new V1JobStatus { UncountedTerminatedPods = new V1UncountedTerminatedPods() };
        world.Api.Change<V1Job>("default", "a", j => j.Status = counted, "status");
        return uid;
    }

    /// <summary>Notes what is written.</summary>
    private sealed class Cursors : IChildCursors
    {
        private readonly MemoryChildCursors _inner = new();

        public List<string> Calls { get; } = [];

        public ValueTask<int> LoadAsync(string ownerUid, CancellationToken cancellationToken) =>
            _inner.LoadAsync(ownerUid, cancellationToken);

        public ValueTask SaveAsync(string ownerUid, int cursor, CancellationToken cancellationToken)
        {
            Calls.Add($"save {ownerUid} {cursor}");
            return _inner.SaveAsync(ownerUid, cursor, cancellationToken);
        }

        public ValueTask ForgetAsync(string ownerUid, CancellationToken cancellationToken)
        {
            Calls.Add($"forget {ownerUid}");
            return _inner.ForgetAsync(ownerUid, cancellationToken);
        }
    }
}
