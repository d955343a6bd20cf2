using CsCheck;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Lists;

public sealed class ListViewTests
{
    /// <summary>
    /// Taking back changes gives exactly the state that was, for any revision, namespace and selector.
    /// </summary>
    [Fact]
    public void ThePastIsWhatItWas() => Gen.Select(
        CacheModel.Histories, Gen.Int[0, 1000], Pick.From("", "one"), Pick.From("", "w=1", "w!=1")).Check(
        (steps, at, inNamespace, labels) =>
        {
            var model = CacheModel.Run(steps);
            var past = at % model.Snapshots.Count;
            var view = ListView.TakeBack(model.Snapshots[^1], model.Snapshots[past].Revision, model.Events.Skip(past));
            var selection = CacheModel.Select(inNamespace, labels);
            Assert.Equal(
                model.States[past].Values.Where(selection.Matches),
                view.Candidates(selection, null).Where(selection.Matches));
            Assert.Equal(
                model.States[past].Keys.Count(k => inNamespace.Length == 0 || k.Namespace == inNamespace),
                view.CountAfter(inNamespace, null));
            return true;
        });

    /// <summary>
    /// Pages of any size, each continuing where its token says, are together one snapshot, while writes go on.
    /// </summary>
    [Fact]
    public void PagesTogetherAreOneSnapshot() => Gen.Select(
        CacheModel.Histories, Gen.Int[0, 1000], Gen.Int[1, 4], Pick.From("", "one"), Pick.From("", "w=1")).Check(
        (steps, at, limit, inNamespace, labels) =>
        {
            var model = CacheModel.Run(steps);
            var first = at % model.Snapshots.Count;
            var selection = CacheModel.Select(inNamespace, labels);
            var pages = Pages(model, first, selection, limit, inNamespace);
            Assert.Equal(model.States[first].Values.Where(selection.Matches), pages.SelectMany(p => p.Items));
            Assert.All(pages, p => Assert.Equal(model.Snapshots[first].Revision, p.Revision));
            if (!selection.HasSelectors)
            {
                var total = pages.Sum(p => p.Items.Count);
                Assert.Equal(total - limit > 0 ? total - limit : null, pages[0].Remaining);
            }

            return true;
        });

    private static List<ListPage> Pages(
        CacheModel model, int first, ObjectSelection selection, int limit, string inNamespace)
    {
        using var turns = new LongWorkTurns(1);
        var pages = new List<ListPage>();
        ObjectKey? after = null;
        for (var now = first; ; now = Math.Min(now + 1, model.Snapshots.Count - 1))
        {
            // Every page is served from a newer snapshot than the one before, with what has come since taken back.
            var later = model.Events.Skip(first).Where(e => e.Revision <= model.Snapshots[now].Revision);
            var view = ListView.TakeBack(model.Snapshots[now], model.Snapshots[first].Revision, later);
            using var work = turns.Begin();
            var taken = ListPage.TakeAsync(
                new ListPosition(view, null, after, null, limit, DateTimeOffset.UnixEpoch), selection, work,
                CancellationToken.None).AsTask();

            // So few are taken in one slice.
            Assert.True(taken.IsCompletedSuccessfully);
            var page = taken.GetAwaiter().GetResult();
            pages.Add(page);
            if (page.Continue.Length == 0)
            {
                return pages;
            }

            after = ContinueToken.Decode(page.Continue).Required.ToKey(inNamespace, namespaced: true, out _);
        }
    }
}
