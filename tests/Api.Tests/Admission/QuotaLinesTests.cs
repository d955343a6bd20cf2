using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>Who waits for the quotas of a namespace is charged with all others who do.</summary>
public sealed class QuotaLinesTests
{
    [Fact]
    public async Task WhoComesDuringAChargeIsChargedTogetherAfterIt()
    {
        var charges = new Charges();
        var lines = new QuotaLines(charges.MakeAsync);
        var first = Waiter("a");
        lines.Add(first);
        var held = await charges.NextAsync();
        QuotaWaiter[] others = [.. Enumerable.Range(0, 100).Select(static _ => Waiter("a"))];
        Array.ForEach(others, lines.Add);
        var elsewhere = Waiter("b");
        lines.Add(elsewhere);

        var besides = await charges.NextAsync();
        Assert.Equal([elsewhere], besides.Writes);
        besides.End.SetResult();
        Assert.Equal([first], held.Writes);
        held.End.SetResult();

        var together = await charges.NextAsync();
        Assert.Equal(others, together.Writes);
        together.End.SetResult();
    }

    /// <summary>A failure is that of all who were charged, and of nobody after them.</summary>
    [Fact]
    public async Task AFailedChargeStopsNobody()
    {
        var charges = new Charges();
        var lines = new QuotaLines(charges.MakeAsync);
        var failed = Waiter("a");
        lines.Add(failed);
        (await charges.NextAsync()).End.SetException(new StoreUnavailableException("gone"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => failed.Done);

        var next = Waiter("a");
        lines.Add(next);
        var charge = await charges.NextAsync();
        Assert.Equal([next], charge.Writes);
        charge.End.SetResult();
    }

    private static QuotaWaiter Waiter(string space)
    {
        var item = new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "c" } };
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Create, Key = new ObjectKey(space, "c"), Object = item,
            Definition = BuiltInResources.Table.Find(WellKnown.ConfigMaps)!, User = new UserIdentity { Name = "jane" },
            Warnings = [],
        };
        return new QuotaWaiter(attributes, new QuotedWrite(WellKnown.ConfigMaps, item), CancellationToken.None);
    }

    private sealed record Charge(IReadOnlyList<QuotaWaiter> Writes)
    {
        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Charges that end when they are told to.</summary>
    private sealed class Charges
    {
        private readonly System.Threading.Channels.Channel<Charge> _made =
            System.Threading.Channels.Channel.CreateUnbounded<Charge>();

        public Task MakeAsync(string space, IReadOnlyList<QuotaWaiter> writes)
        {
            var charge = new Charge(writes);
            _made.Writer.TryWrite(charge);
            return charge.End.Task;
        }

        public ValueTask<Charge> NextAsync() => _made.Reader.ReadAsync(TestContext.Current.CancellationToken);
    }
}
