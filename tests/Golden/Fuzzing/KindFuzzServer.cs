using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Golden.Extensions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// A server with an object of every kind that its catalogue serves, a custom one among them. Each kind has a namespace
/// of its own, so that a quota that was recorded stops nobody else.
/// </summary>
public sealed partial class KindFuzzServer : IAsyncLifetime
{
    private const int MaxSeeds = 12;
    private const string Json = "application/json";

    private static readonly ResourceName Custom = new("fuzz.example.com", "fuzzes");

    /// <summary>What a server took that was recorded, and what is written down here, by collection.</summary>
    private static readonly ILookup<string, JsonObject> Seeds =
        FuzzBodies.All.Select(static b => (b.Path, Body: JsonNode.Parse(b.Json)!.AsObject()))
            .Concat(
                from step in GoldenScenario.LoadAll().SelectMany(static s => s.Steps)
                where (string?)step["request"]!["method"] == "POST" && step["request"]!["body"] is JsonObject
                    && (int?)step["response"]?["status"] is 200 or 201
                select ((string)step["request"]!["path"]!, step["request"]!["body"]!.AsObject()))
            .ToLookup(static s => InNoNamespace(s.Item1), static s => s.Item2);

    private readonly FuzzServer _server = new();

    /// <summary>All kinds whose objects can be written.</summary>
    public IReadOnlyList<KindTarget> Targets { get; private set; } = [];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        var catalog = _server.Host.Services.GetRequiredService<ResourceCatalog>();
        await catalog.ServedAsync(Custom);
        var targets = new List<KindTarget>();
        foreach (var definition in catalog.Current.All.Where(static d => d.IsServed && d.Verbs.Contains("create")))
        {
            targets.Add(await TargetAsync(definition));
        }

        Targets = targets;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <inheritdoc cref="FuzzServer.CheckAsync"/>
    public Task CheckAsync(FuzzRequest request) => _server.CheckAsync(request);

    private async Task<KindTarget> TargetAsync(ResourceDefinition definition)
    {
        var root = definition.Name.Group.Length == 0 ? "/api" : "/apis";
        var space = $"fuzz-{definition.Name.Plural}";
        var collection = definition.Namespaced
            ? $"{root}/{definition.ApiVersion}/namespaces/{space}/{definition.Name.Plural}"
            : $"{root}/{definition.ApiVersion}/{definition.Name.Plural}";
        if (definition.Namespaced)
        {
            await PostAsync("/api/v1/namespaces", Named(space));
            await PostAsync($"/api/v1/namespaces/{space}/serviceaccounts", Named("default"));
        }

        JsonObject? existing = null;
        var seeds = Seeds[InNoNamespace(collection)].Select(s => Anywhere(s, definition)).ToList();
        foreach (var seed in seeds)
        {
            var answer = await PostAsync(collection, seed);
            if (answer.Status is 200 or 201)
            {
                existing = definition.Of.IsVirtual ? null : JsonNode.Parse(answer.Body)!.AsObject();
                break;
            }
        }

        return new KindTarget(definition, collection, [.. seeds.Take(MaxSeeds)], existing);
    }

    private Task<RawAnswer> PostAsync(string path, JsonObject body) => _server.SendAsync(
        new FuzzRequest("POST", path, Json, Encoding.UTF8.GetBytes(body.ToJsonString(GoldenJson.Relaxed))));

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };

    /// <summary>Without the namespace that it was recorded in.</summary>
    private static JsonObject Anywhere(JsonObject seed, ResourceDefinition definition)
    {
        var copy = seed.DeepClone().AsObject();
        (copy["apiVersion"], copy["kind"]) = (definition.ApiVersion, definition.Kind);
        (copy["metadata"] as JsonObject)?.Remove("namespace");
        return copy;
    }

    private static string InNoNamespace(string path) => Namespace().Replace(path.Split('?')[0], "/namespaces/*/");

    [GeneratedRegex("/namespaces/[^/]+/")]
    private static partial Regex Namespace();
}
