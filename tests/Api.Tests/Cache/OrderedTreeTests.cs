using CsCheck;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Cache;

/// <summary>The tree against a sorted set, step by step.</summary>
public sealed class OrderedTreeTests
{
    [Fact]
    public void Agrees_with_a_sorted_set()
    {
        var step = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 400]);
        Gen.Select(Gen.Int[0, 200], step.Array[0, 800]).Check((initial, steps) =>
        {
            var model = new SortedSet<int>(Enumerable.Range(0, initial).Select(i => i * 2));
            var tree = OrderedTree<int, IntOrder>.FromOrdered([.. model]);
            foreach (var (kind, value) in steps)
            {
                // Twice as many additions as removals first makes the tree grow; removals of ranges make it shrink.
                if (kind < 2)
                {
                    model.Add(value);
                    tree = tree.Update([new(value, false)]);
                }
                else
                {
                    for (var v = value; v < value + 20; v++)
                    {
                        model.Remove(v);
                        tree = tree.Update([new(v, true)]);
                    }
                }
            }

            Compare(model, tree);
        });
    }

    [Fact]
    public void Many_changes_at_once_are_as_if_one_came_after_the_other()
    {
        var change = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 400]);
        Gen.Select(Gen.Int[0, 200], change.Array[0, 300].Array[0, 8]).Check((initial, batches) =>
        {
            var model = new SortedSet<int>(Enumerable.Range(0, initial).Select(i => i * 2));
            var tree = OrderedTree<int, IntOrder>.FromOrdered([.. model]);
            foreach (var batch in batches)
            {
                foreach (var (kind, value) in batch)
                {
                    _ = kind < 2 ? model.Add(value) : model.Remove(value);
                }

                tree = tree.Update([.. batch.Select(c => new TreeChange<int>(c.Item2, c.Item1 == 2))]);
                Compare(model, tree);
            }

            Compare([], tree.Update([.. Enumerable.Range(0, 401).Select(i => new TreeChange<int>(i, true))]));
        });
    }

    [Fact]
    public void An_update_that_changes_nothing_is_the_tree_itself()
    {
        var tree = OrderedTree<int, IntOrder>.FromOrdered([.. Enumerable.Range(0, 2_000).Select(i => i * 2)]);

        Assert.Same(tree, tree.Update([.. Enumerable.Range(0, 100).Select(i => new TreeChange<int>((i * 40) + 1, true))]));
    }

    [Fact]
    public void Old_versions_stay_as_they_were()
    {
        var versions = new List<(OrderedTree<int, IntOrder> Tree, int[] Items)>();
        var tree = OrderedTree<int, IntOrder>.Empty;
        for (var i = 0; i < 2_000; i++)
        {
            var value = i * 7919 % 1009;
            tree = tree.Update([i % 3 == 2 ? new(value / 2, true) : new(value, false)]);
            if (i % 50 == 0)
            {
                versions.Add((tree, [.. tree.Range(0, tree.Count)]));
            }
        }

        Assert.All(versions, v => Assert.Equal(v.Items, v.Tree.Range(0, v.Tree.Count)));
    }

    private static void Compare(SortedSet<int> model, OrderedTree<int, IntOrder> tree)
    {
        var items = model.ToArray();
        Assert.Equal(items.Length, tree.Count);
        Assert.Equal(items, tree.Range(0, tree.Count));
        for (var probe = -1; probe <= 421; probe += 7)
        {
            Assert.Equal(items.Count(i => i < probe), tree.CountBefore(new IntProbe(probe)));
            Assert.Equal(model.Contains(probe), tree.TryFind(new IntProbe(probe), out var found) && found == probe);
        }

        var (start, end) = (items.Length / 3, items.Length * 2 / 3);
        Assert.Equal(items[start..end], tree.Range(start, end));
        Assert.Equal(items[start..end], Enumerable.Range(0, end - start).Select(i => tree.Range(start, end)[i]));
    }

    private readonly struct IntOrder : IOrder<int>
    {
        public static int Compare(int left, int right) => left.CompareTo(right);
    }

    private readonly struct IntProbe(int value) : IProbe<int>
    {
        public int CompareTo(int item) => value.CompareTo(item);
    }
}
