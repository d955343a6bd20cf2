using System.Text;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Runs the rules of a kind over JSON, as a write would.</summary>
internal static class StrategyProbe
{
    /// <summary>A decoded, defaulted object of a kind of the table.</summary>
    public static IKubernetesObject<V1ObjectMeta> Read(string kind, string json)
    {
        var definition = Definition(kind);
        var item = definition.Codec.Decode(Encoding.UTF8.GetBytes(json));
        item.Metadata ??= new V1ObjectMeta { Name = "a" };
        definition.Strategy.SetDefaults(item);
        return item;
    }

    /// <summary>The findings on a new object, as <c>path: message</c>.</summary>
    public static IReadOnlyList<string> Create(string kind, string json)
    {
        var item = Read(kind, json);
        var errors = new FieldErrors();
        var strategy = Definition(kind).Strategy;
        strategy.PrepareForCreate(item);
        strategy.Validate(item, errors);
        return Texts(errors);
    }

    /// <summary>The findings on an update, but for those on its metadata.</summary>
    public static IReadOnlyList<string> Update(string kind, string before, string after, string subresource = "")
    {
        var (old, item) = (Read(kind, before), Read(kind, after));
        var errors = new FieldErrors { Before = old };
        var strategy = Definition(kind).Strategy;
        strategy.PrepareForUpdate(item, old, subresource);
        strategy.ValidateUpdate(item, old, subresource, errors);
        return [.. Texts(errors).Where(static t => !t.StartsWith("metadata.", StringComparison.Ordinal))];
    }

    private static ResourceDefinition Definition(string kind) =>
        BuiltInResources.Table.All.Single(d => d.Kind == kind && d.Conversion is null);

    private static List<string> Texts(FieldErrors errors) => [.. errors.All.Select(e => $"{e.Field}: {e.Message}")];
}
