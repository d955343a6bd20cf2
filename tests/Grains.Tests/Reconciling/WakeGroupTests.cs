using System.Text;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed class WakeGroupTests
{
    private readonly WakeGroup _group = new();

    [Fact]
    public void All_that_belong_to_it_are_woken()
    {
        Note("a", belongs: true);
        Note("b", belongs: false);
        Note("c", belongs: true);
        Note("c", belongs: true);

        Assert.Equal(["a", "c"], Woken());
    }

    [Fact]
    public void Who_no_longer_belongs_to_it_or_is_gone_sleeps_on()
    {
        Note("a", belongs: true);
        Note("b", belongs: true);
        Assert.False(_group.IsEmpty);

        Note("a", belongs: false);
        Note("b", belongs: true, ChangeKind.Deleted);

        Assert.Empty(Woken());
        Assert.True(_group.IsEmpty);
    }

    private void Note(string name, bool belongs, ChangeKind kind = ChangeKind.Modified) =>
        _group.Note(Change(name, kind), _ => belongs);

    private IEnumerable<string> Woken()
    {
        var keys = new HashSet<ObjectKey>();
        _group.Wake(keys);
        return keys.Select(static k => k.Name).Order(StringComparer.Ordinal);
    }

    private static ResourceChange Change(string name, ChangeKind kind) => new()
    {
        Kind = kind,
        Object = new ResourceObject(
            new ObjectKey("", name), name, 1, Encoding.UTF8.GetBytes($$"""{"metadata":{"name":"{{name}}"} }""")),
    };
}
