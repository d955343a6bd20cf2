using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>The table of all fields of a pod is whole, and what it says is so.</summary>
public sealed class PodFieldsTests
{
    private static readonly Dictionary<string, PodFieldRow> ByKey =
        PodFieldTable.Rows.SelectMany(row => row.Keys.Select(key => (key, row))).ToDictionary(p => p.key, p => p.row,
            StringComparer.Ordinal);

    public static TheoryData<string> Exercised =>
        [.. PodFieldTable.Rows.Where(r => r.Set is not null).Select(r => r.Keys.Single())];

    [Fact]
    public void Every_field_has_a_row_and_every_row_a_field()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        Walk(typeof(V1Pod), FieldsOfTheApi(), reached);

        Assert.Equal([], reached.Except(ByKey.Keys));
        Assert.Equal([], ByKey.Keys.Except(reached));
    }

    [Theory]
    [MemberData(nameof(Exercised))]
    public async Task A_field_makes_the_difference_that_its_row_says(string key)
    {
        var row = ByKey[key];
        var (before, after) = (PodFieldTable.Baseline(), PodFieldTable.Baseline());
        row.Given(before);
        row.Given(after);
        row.Set!(after);
        using var node = new PodObserver(RuntimeAbilities.None, row.HasAppArmor);

        if (row.Shows is not { } aspect)
        {
            foreach (var any in Enum.GetValues<Aspect>())
            {
                Assert.Equal(await node.ObserveAsync(before, any), await node.ObserveAsync(after, any));
            }

            return;
        }

        var (was, became) = (await node.ObserveAsync(before, aspect), await node.ObserveAsync(after, aspect));
        Assert.NotEqual(was, became);
        if (row.Says is { } text)
        {
            Assert.DoesNotContain(text, was, StringComparison.Ordinal);
            Assert.Contains(text, became, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("", await node.ObserveAsync(after, Aspect.Admission));
        }
    }

    [Fact]
    public void The_tests_that_rows_name_exist()
    {
        var sources = string.Join('\n', Directory.EnumerateFiles(TestsDirectory(), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));

        var named = PodFieldTable.Rows.Select(r => r.Test).OfType<string>();
        Assert.Equal([], named.Where(test => !sources.Contains($" {test}(", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_pod_of_the_table_is_one_that_runs()
    {
        var pod = PodFieldTable.Baseline();
        using var node = new PodObserver(RuntimeAbilities.None);

        Assert.Equal("", await node.ObserveAsync(pod, Aspect.Admission));
        Assert.Null(SandboxRefusal.Of(pod, "cluster.local"));
        Assert.Contains("\"localhostRef\"", await node.ObserveAsync(pod, Aspect.Containers), StringComparison.Ordinal);
    }

    /// <summary>What a runtime can do is done and told; what it cannot is neither.</summary>
    [Theory]
    [InlineData(true, "Enabled", "Enabled")]
    [InlineData(true, "IfPossible", "Enabled")]
    [InlineData(true, "Disabled", "Disabled")]
    [InlineData(true, null, "Disabled")]
    [InlineData(false, "IfPossible", "Disabled")]
    [InlineData(false, null, "Disabled")]
    public async Task A_read_only_mount_is_told_as_it_is(bool runtimeCan, string? asked, string told)
    {
        var pod = PodFieldTable.Baseline();
        (pod.Spec.Containers[0].VolumeMounts[0].ReadOnlyProperty,
            pod.Spec.Containers[0].VolumeMounts[0].RecursiveReadOnly) = (true, asked);
        using var node = new PodObserver(new RuntimeAbilities { RecursiveReadOnlyMounts = runtimeCan });

        Assert.Contains($"\"recursiveReadOnly\":\"{told}\"", await node.ObserveAsync(pod, Aspect.Status),
            StringComparison.Ordinal);
        Assert.Equal(
            told == "Enabled",
            (await node.ObserveAsync(pod, Aspect.Containers)).Contains("\"recursiveReadOnly\": true",
                StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_runtime_that_can_keep_groups_away_is_asked_to()
    {
        var pod = PodFieldTable.Baseline();
        pod.Spec.SecurityContext.SupplementalGroupsPolicy = "Strict";
        using var node = new PodObserver(new RuntimeAbilities { SupplementalGroupsPolicy = true });

        Assert.Equal("", await node.ObserveAsync(pod, Aspect.Admission));
        Assert.Contains("\"supplementalGroupsPolicy\": \"Strict\"", await node.ObserveAsync(pod, Aspect.Sandbox),
            StringComparison.Ordinal);
        Assert.Contains("\"supplementalGroupsPolicy\": \"Strict\"", await node.ObserveAsync(pod, Aspect.Containers),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_volume_that_nobody_uses_is_nobodys_trouble()
    {
        var pod = PodFieldTable.Baseline();
        pod.Spec.Volumes.Add(new V1Volume { Name = "v", Iscsi = new V1ISCSIVolumeSource() });
        using var node = new PodObserver(RuntimeAbilities.None);

        Assert.Equal(await node.ObserveAsync(PodFieldTable.Baseline(), Aspect.Volumes),
            await node.ObserveAsync(pod, Aspect.Volumes));
    }

    [Fact]
    public async Task A_name_that_the_kernel_does_not_take_is_told()
    {
        var pod = PodFieldTable.Baseline();
        (pod.Spec.Subdomain, pod.Spec.SetHostnameAsFQDN) = (new string('s', 40), true);
        using var node = new PodObserver(RuntimeAbilities.None);

        Assert.Equal(
            $"Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN p.{pod.Spec.Subdomain}.default.svc.cluster.local is too long (64 characters is the max, 68 characters requested)",
            await node.ObserveAsync(pod, Aspect.Sandbox));
    }

    [Theory]
    [InlineData("linux", "")]
    [InlineData("windows", "PodOSSelectorNodeLabelDoesNotMatch: Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")]
    public async Task A_label_that_names_another_system_is_refused(string system, string verdict)
    {
        var pod = PodFieldTable.Baseline();
        pod.Metadata.Labels["kubernetes.io/os"] = system;
        using var node = new PodObserver(RuntimeAbilities.None);

        Assert.Equal(verdict, await node.ObserveAsync(pod, Aspect.Admission));
    }

    [Fact]
    public void An_ephemeral_container_has_all_that_the_API_lets_it_have()
    {
        var fields = ByKey.Where(p => p.Value.Test == nameof(An_ephemeral_container_has_all_that_the_API_lets_it_have))
            .Select(p => p.Key.Split('.')[1]).ToHashSet();
        var ephemeral = new V1EphemeralContainer();
        foreach (var property in typeof(V1EphemeralContainer).GetProperties().Where(p => fields.Contains(JsonName(p)!)))
        {
            property.SetValue(ephemeral, Some(property.PropertyType));
        }

        var container = PodFacts.AsContainer(ephemeral);

        Assert.All(fields, field =>
            Assert.NotNull(typeof(V1Container).GetProperties().Single(p => JsonName(p) == field).GetValue(container)));
    }

    private static object Some(Type type) =>
        type == typeof(string) ? "x"
        : type == typeof(bool?) ? true
        : type.IsGenericType ? Activator.CreateInstance(typeof(List<>).MakeGenericType(type.GetGenericArguments()[0]))!
        : Activator.CreateInstance(type)!;

    private static void Walk(Type model, HashSet<string> known, HashSet<string> reached)
    {
        foreach (var property in model.GetProperties())
        {
            if (JsonName(property) is { } name && known.Contains($"{model.Name}.{name}")
                && reached.Add($"{model.Name}.{name}")
                && ByKey.GetValueOrDefault($"{model.Name}.{name}") is null or { Holds: true }
                && ModelOf(property.PropertyType) is { } inner)
            {
                Walk(inner, known, reached);
            }
        }
    }

    /// <summary>The client's models are ahead of the API: its own table of types says which fields it takes.</summary>
    private static HashSet<string> FieldsOfTheApi()
    {
        var (fields, model) = (new HashSet<string>(StringComparer.Ordinal), "");
        foreach (var line in File.ReadLines(Path.Combine(TestsDirectory(), "..", "Resources", "Kernel", "Schema",
            "schema.txt")))
        {
            var words = line.TrimStart().Split(' ');
            if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                fields.Add($"{model}.{words[0]}");
            }
            else if (words.Length > 1)
            {
                model = words[1];
            }
        }

        return fields;
    }

    private static string? JsonName(PropertyInfo property) =>
        property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name;

    private static Type? ModelOf(Type type)
    {
        var item = type.IsGenericType ? type.GetGenericArguments()[^1] : type;
        return item.Namespace == typeof(V1Pod).Namespace && item.IsClass
            && item.GetProperties().Any(p => JsonName(p) is not null) ? item : null;
    }

    private static string TestsDirectory([CallerFilePath] string here = "") =>
        new FileInfo(here).Directory!.Parent!.Parent!.FullName;
}
