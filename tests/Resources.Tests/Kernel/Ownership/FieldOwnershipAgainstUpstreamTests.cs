using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

/// <summary>
/// Random writes of random objects against upstream's own code (Debian's
/// golang-k8s-sigs-structured-merge-diff-dev); skipped where the machine has none. That version keeps the elements of
/// lists in another order, which is compared elsewhere.
/// </summary>
public sealed class FieldOwnershipAgainstUpstreamTests
{
    private const int Stories = 1500;
    private const string Packages = "/usr/share/gocode/src";
    private const string Upstream = Packages + "/sigs.k8s.io/structured-merge-diff";

    [Fact]
    public async Task EveryWriteLeavesTheObjectAndTheOwnersThatUpstreamLeaves()
    {
        Assert.SkipUnless(Directory.Exists(Upstream), "needs golang-k8s-sigs-structured-merge-diff-dev");
        Assert.SkipUnless(File.Exists("/usr/bin/go"), "needs golang-go");
        var folder = Directory.CreateTempSubdirectory("ownership-");
        try
        {
            var program = await BuildAsync(folder.FullName);
            var seeds = new Random(TestSeed.Current);
            await CompareAsync(
                program, [.. Enumerable.Range(0, Stories * TestSeed.Times).Select(_ => seeds.Next())]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task CompareAsync(string program, List<int> seeds)
    {
        var stories = seeds.ConvertAll(s => new RandomStory(s));
        var lines = await RunAsync(program, stories.Select(s => new JsonObject
        {
            ["Schema"] = s.Yaml,
            ["Ignored"] = s.Ignored?.DeepClone(),
            ["Steps"] = JsonSerializer.SerializeToNode(s.Steps),
        }.ToJsonString()));
        Assert.Equal(stories.Count, lines.Count);
        for (var i = 0; i < stories.Count; i++)
        {
            Compare(stories[i], seeds[i], JsonNode.Parse(lines[i])!.AsArray());
        }
    }

    private static void Compare(RandomStory story, int seed, JsonArray answers)
    {
        var live = Version(story, new JsonObject());
        var managed = ManagedFields.Empty;
        for (var i = 0; i < story.Steps.Count; i++)
        {
            var step = story.Steps[i];
            var answer = answers[i]!;
            var before = live;
            var conflicts = Write(story, step, ref live, ref managed);
            Same("error", (string)answer["Error"]!, "");
            Same("conflicts", Text((answer["Conflicts"] as JsonArray)?.Select(c => (string)c!)), Text(conflicts));
            Same("object", Canonical(answer["Object"]), Canonical(JsonNode.Parse(live.Json.Span)));
            Same(
                "owners",
                Text(answer["Managers"]!.AsObject().Select(m => $"{m.Key}{m.Value!.ToJsonString()}")),
                Text(managed.Entries.Select(e => $"{e.Owner.Name}{Json(e.Fields)}")));

            void Same(string what, string wanted, string got)
            {
                if (wanted != got)
                {
                    Assert.Fail($"seed {seed} step {i}, {what}\nwanted {wanted}\ngot    {got}\n"
                        + $"before {Encoding.UTF8.GetString(before.Json.Span)}\n"
                        + $"{JsonSerializer.Serialize(step)}\n{story.Yaml}");
                }
            }
        }
    }

    /// <summary>Writes here; the answer is the conflicts.</summary>
    private static IEnumerable<string> Write(
        RandomStory story, RandomStory.Step step, ref OwnedVersion live, ref ManagedFields managed)
    {
        var ignored = story.Ignored is { } fields
            ? FieldFilter.Without(FieldsV1.Parse(Encoding.UTF8.GetBytes(fields.ToJsonString()))!)
            : null;
        var ownership = new FieldOwnership { ApiVersion = "v1", Now = DateTime.UnixEpoch, FilterOf = _ => ignored };
        var next = Version(story, step.Object);
        if (!step.Apply)
        {
            managed = ownership.Update(live, next, managed, step.Manager)!;
            live = next;
            return [];
        }

        using var applied = JsonDocument.Parse(next.Json);
        var outcome = ownership.Apply(new ApplyRequest
        {
            Live = live,
            Empty = managed.IsEmpty ? live : Version(story, new JsonObject()),
            Applied = applied.RootElement,
            AppliedName = "",
            Managed = managed,
            Manager = step.Manager,
            Force = step.Force,
        });
        if (outcome.Succeeded)
        {
            // That version of upstream's also keeps an object of which only ignored fields change.
            var merged = outcome.Value.Json is { } json ? live with { Json = json } : live;
            live = live.ChangesTo(merged)!.Where(ignored).IsEmpty ? live : merged;
            managed = outcome.Value.Managed;
            return [];
        }

        Assert.Equal(StatusReasons.Conflict, outcome.Error.Reason);
        return outcome.Error.Details!.Causes!.Select(c => c.Message!.Split('"')[1]);
    }

    private static OwnedVersion Version(RandomStory story, JsonNode item) =>
        new("v1", story.Root, Encoding.UTF8.GetBytes(item.ToJsonString()));

    private static string Json(FieldsV1 fields) => JsonNode.Parse(fields.Json)!.ToJsonString();

    private static string Text(IEnumerable<string>? lines) =>
        string.Join('\n', (lines ?? []).Order(StringComparer.Ordinal));

    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject map =>
            $"{{{string.Join(',', map.Select(p => $"{p.Key}:{Canonical(p.Value)}").Order(StringComparer.Ordinal))}}}",
        JsonArray list => $"[{string.Join(',', list.Select(Canonical).Order(StringComparer.Ordinal))}]",
        null => "null",
        _ => node.ToJsonString(),
    };

    private static async Task<string> BuildAsync(string folder)
    {
        // Packages of Debian lie where programs look that know of no modules; those name the major version.
        var library = Path.Combine(folder, "src/sigs.k8s.io/structured-merge-diff");
        Directory.CreateDirectory(library);
        Directory.CreateSymbolicLink(Path.Combine(library, "v4"), Upstream);
        var source = Path.Combine(folder, "upstream.go");
        await using (var file = File.Create(source))
        await using (var text = typeof(RandomStory).Assembly.GetManifestResourceStream("ownership-upstream.go")!)
        {
            await text.CopyToAsync(file);
        }

        var program = Path.Combine(folder, "upstream");
        var start = new ProcessStartInfo("/usr/bin/go", ["build", "-o", program, source]);
        start.Environment["GO111MODULE"] = "off";
        start.Environment["GOPATH"] = $"{folder}:{Path.GetDirectoryName(Packages)}";
        start.Environment["HOME"] = folder;
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return program;
    }

    private static async Task<List<string>> RunAsync(string program, IEnumerable<string> input)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var answers = process.StandardOutput.ReadToEndAsync();
        foreach (var line in input)
        {
            await process.StandardInput.WriteLineAsync(line);
        }

        process.StandardInput.Close();
        return [.. (await answers).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
