using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>A definition that changes while its objects are written, listed and watched.</summary>
public sealed class NotesDefinition(SiloGroup group, HttpClient http)
{
    private const string Group = "notes.example.com";
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    public static WorkloadKind Notes { get; } = new($"{Group}/v1", "Note", new ResourceName(Group, "notes"));

    /// <summary>Creates it, and waits until every silo serves its objects.</summary>
    public async Task CreateAsync(TimeSpan patience)
    {
        var made = await SendAsync(group.Silos[0], HttpMethod.Post, Definitions, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"notes.{Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = Group, ["scope"] = "Namespaced",
                ["names"] = new JsonObject { ["plural"] = "notes", ["kind"] = "Note" },
                ["versions"] = Versions(0),
            },
        });
        Assert.Equal(HttpStatusCode.Created, made);
        await EverywhereAsync(
            silo => SendAsync(silo, HttpMethod.Get, Notes.Space, null), HttpStatusCode.OK, patience);
    }

    /// <summary>
    /// Changes it through a silo, and waits until every silo takes what is new and refuses what is not.
    /// </summary>
    public async Task ChangeAsync(int change, Random random, TimeSpan patience)
    {
        var changed = await SendAsync(
            group.Any(random), HttpMethod.Patch, $"{Definitions}/notes.{Group}",
            new JsonObject { ["spec"] = new JsonObject { ["versions"] = Versions(change) } });
        Assert.Equal(HttpStatusCode.OK, changed);
        await EverywhereAsync(silo => TryAsync(silo, change), HttpStatusCode.Created, patience);
        await EverywhereAsync(silo => TryAsync(silo, change - 1), HttpStatusCode.BadRequest, patience);
    }

    /// <summary>
    /// One field is named after the change; columns come and go, a second version is served or not, and which one is
    /// stored changes.
    /// </summary>
    private static JsonArray Versions(int change)
    {
        var isSecondStored = change % 4 > 1;
        return change == 0
            ? [Version("v1", change, isServed: true, isStored: true)]
            : [
                Version("v1", change, isServed: true, isStored: !isSecondStored),
                Version("v2", change, isServed: change % 3 > 0, isStored: isSecondStored),
            ];
    }

    private static JsonObject Version(string name, int change, bool isServed, bool isStored)
    {
        var version = new JsonObject
        {
            ["name"] = name, ["served"] = isServed, ["storage"] = isStored,
            ["schema"] = new JsonObject
            {
                ["openAPIV3Schema"] = new JsonObject
                {
                    ["type"] = "object",
                    ["properties"] = new JsonObject
                    {
                        ["data"] = new JsonObject
                        {
                            ["type"] = "object", ["additionalProperties"] = new JsonObject { ["type"] = "string" },
                        },
                        [FieldOf(change)] = new JsonObject { ["type"] = "string" },
                    },
                },
            },
        };
        if (change % 2 == 0)
        {
            version["additionalPrinterColumns"] = new JsonArray(new JsonObject
            {
                ["name"] = "Value", ["type"] = "string", ["jsonPath"] = ".data.value",
            });
        }

        return version;
    }

    private static string FieldOf(int change) => string.Create(CultureInfo.InvariantCulture, $"field{change}");

    private Task<HttpStatusCode> TryAsync(SiloProcess silo, int change) => SendAsync(
        silo, HttpMethod.Post, $"{Notes.Space}?dryRun=All&fieldValidation=Strict", new JsonObject
        {
            ["apiVersion"] = Notes.ApiVersion, ["kind"] = Notes.Kind,
            ["metadata"] = new JsonObject { ["generateName"] = "try-" }, [FieldOf(change)] = "x",
        });

    private async Task EverywhereAsync(
        Func<SiloProcess, Task<HttpStatusCode>> ask, HttpStatusCode wanted, TimeSpan patience)
    {
        foreach (var silo in group.Silos)
        {
            await Patiently.UntilAsync(patience, async _ => await ask(silo) == wanted);
        }
    }

    private async Task<HttpStatusCode> SendAsync(SiloProcess silo, HttpMethod method, string path, JsonObject? body)
    {
        using var answer = await http.AnsweredAsync(() => new HttpRequestMessage(method, new Uri(silo.Url, path))
        {
            Content = body is null ? null : new StringContent(
                body.ToJsonString(), Encoding.UTF8,
                method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json"),
        });
        return answer.StatusCode;
    }
}
