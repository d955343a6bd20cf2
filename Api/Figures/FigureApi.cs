using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// One version of one of the two groups of figures. A group is served as long as nodes tell what is used (a cluster
/// that leaves metrics out has neither), and whoever registers an adapter for it takes its place.
/// </summary>
internal sealed class FigureApi(
    ResourceDefinition row, FigureReader reader, IResourceMetrics metrics, IRemoteVersions remotes,
    ResourceCatalog catalog)
    : IOwnApi
{
    public string Group => row.Name.Group;

    public string Version => row.Version;

    public bool IsServed => metrics.IsAvailable && remotes.Current.All(r => r.Group != Group);

    /// <inheritdoc/>
    public ValueTask<Outcome<ReadOnlyMemory<byte>>> GetAsync(string pathAndQuery, CancellationToken cancellationToken)
    {
        var at = pathAndQuery.IndexOf('?', StringComparison.Ordinal);
        var path = Uri.UnescapeDataString(at < 0 ? pathAndQuery : pathAndQuery[..at]);
        return AnswerAsync(path, QueryReader.Of(at < 0 ? "" : pathAndQuery[at..]).Text, cancellationToken);
    }

    /// <summary>The answer to a question.</summary>
    /// <param name="path">What follows the version, unescaped.</param>
    /// <param name="read">Gives a parameter; empty when it is absent.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> AnswerAsync(
        string path, Func<string, string> read, CancellationToken cancellationToken)
    {
        if (FigureQuestion.Parse(Group, path)?.With(read) is not { } question)
        {
            return Refusals.UnknownResource;
        }

        ResourceDefinition? of = null;
        if (!question.IsOfNone)
        {
            of = catalog.Current.All.FirstOrDefault(d => d.Name.Qualified == question.Resource);
            if (of is null)
            {
                return Refusals.UnknownResource;
            }
        }

        var items = await reader.ReadAsync(question, cancellationToken);
        return items.Succeeded ? FigureWriter.Write(question, items.Value, of, Version) : items.Error;
    }
}
