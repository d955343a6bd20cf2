using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>
/// Small bodies that would make large objects: each is refused, and costs no more than its size allows.
/// </summary>
public sealed class BombTests
{
    private const long MaxAllocatedBytes = 512L * 1024 * 1024;

    private static readonly ExpectedBody ConfigMap = ExpectedBody.Of(Definition(WellKnown.ConfigMaps));
    private static readonly ExpectedBody Pod = ExpectedBody.Of(Definition(WellKnown.Pods));

    public static TheoryData<string> YamlBombs =>
        ["laughs", "megabyte", "lists of lists", "merge keys", "merged merges", "keys"];

    [Theory]
    [MemberData(nameof(YamlBombs))]
    public void AliasesEndWhereTheyExplode(string sort)
    {
        var yaml = Encoding.UTF8.GetBytes(YamlBomb(sort));
        Assert.InRange(yaml.Length, 100, RequestBody.MaxBytes);
        var (outcome, allocated) = Decode(ConfigMap, yaml, BodyFormat.Yaml);
        Assert.Equal(400, outcome.Error!.Code);
        Assert.Contains("document contains excessive aliasing", outcome.Error.Message, StringComparison.Ordinal);
        Assert.InRange(allocated, 0, MaxAllocatedBytes);
    }

    [Fact]
    public void AliasesOfUsualSizeAreExpanded()
    {
        var yaml = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n  a: &a x\n  b: *a\n  <<: {c: z}\n";
        var (outcome, _) = Decode(ConfigMap, Encoding.UTF8.GetBytes(yaml), BodyFormat.Yaml);
        var data = ((k8s.Models.V1ConfigMap)outcome.Required).Data;
        Assert.Equal(
            "a=x,b=x,c=z", string.Join(',', data.Select(d => $"{d.Key}={d.Value}").Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("{\"spec\":{\"containers\":[", "{},", "{}]}}")]
    [InlineData("{\"spec\":{\"containers\":[{\"args\":[", "\"\",", "\"\"]}]}}")]
    [InlineData("{\"spec\":{\"tolerations\":[", "null,", "null]}}")]
    public void AnObjectHasABoundedNumberOfElements(string head, string element, string tail)
    {
        var count = (RequestBody.MaxBytes - head.Length - tail.Length) / element.Length;
        var json = Encoding.UTF8.GetBytes(head + string.Concat(Enumerable.Repeat(element, count)) + tail);
        var (allocated, decode) = (GC.GetAllocatedBytesForCurrentThread(), new JsonDecoding());
        var refused = Assert.Throws<StatusException>(() => Pod.Codec.Read(json, decode)).Status;
        Assert.Equal((413, "RequestEntityTooLarge"), (refused.Code, refused.Reason));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, MaxAllocatedBytes);
    }

    [Theory]
    [InlineData("[", "")]
    [InlineData("{\"a\":", "")]
    [InlineData("{\"metadata\":{\"annotations\":{\"a\":", "")]
    [InlineData("[", "]")]
    public void DepthIsBounded(string open, string close)
    {
        const int Depth = 100_000;
        var json = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Repeat(open, Depth)) + string.Concat(Enumerable.Repeat(close, Depth)));
        Assert.Equal(400, Decode(ConfigMap, json, BodyFormat.Json).Outcome.Error!.Code);
        Assert.Equal(400, Decode(ConfigMap, json, BodyFormat.Yaml).Outcome.Error!.Code);
        foreach (var kind in (PatchKind[])[PatchKind.Json, PatchKind.Merge, PatchKind.Strategic])
        {
            Assert.Equal(400, ObjectPatch.Parse(kind, json, FieldValidation.Strict).Error!.Code);
        }
    }

    /// <summary>
    /// Twenty thousand equal ports are two hundred million pairs: as many are looked at as warnings can tell of.
    /// </summary>
    [Theory]
    [InlineData("{\"containerPort\":80}")]
    [InlineData("{\"containerPort\":80,\"hostPort\":90}")]
    [InlineData("{\"containerPort\":80,\"hostPort\":90,\"hostIP\":\"10.0.0.1\"}")]
    public void EqualPortsAreNotComparedInPairs(string port)
    {
        var (few, many) = (Work(4_000), Work(16_000));
        Assert.InRange(many.Texts, 1, 1000);
        Assert.InRange(many.Allocated, 0, few.Allocated * 8);

        (int Texts, long Allocated) Work(int count)
        {
            var ports = string.Join(',', Enumerable.Repeat(port, count));
            var json = $"{{\"metadata\":{{\"name\":\"a\"}},\"spec\":{{\"containers\":[{{\"name\":\"a\",\"ports\":[{ports}]}}]}}}}";
            var before = GC.GetAllocatedBytesForCurrentThread();
            var (strategy, errors) = (Definition(WellKnown.Pods).Strategy, new FieldErrors());
            var pod = Decode(Pod, Encoding.UTF8.GetBytes(json), BodyFormat.Json).Outcome.Required;
            strategy.SetDefaults(pod);
            strategy.Validate(pod, errors);
            var texts = strategy.Warnings(pod, null).Count();
            return (texts, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Fact]
    public void DecodingEndsWhenItsClientGoes()
    {
        var json = Encoding.UTF8.GetBytes(
            $"{{\"spec\":{{\"containers\":[{string.Join(',', Enumerable.Repeat("{}", 1000))}]}}}}");
        Assert.Throws<OperationCanceledException>(() => BodyDecoder.Decode(
            Pod, json, BodyFormat.Json, FieldValidation.Strict, [], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void ValidationEndsWhenItsClientGoes() => Assert.Throws<OperationCanceledException>(
        () => new FieldErrors(new CancellationToken(canceled: true)).Required(FieldPath.Of("spec")));

    [Fact]
    public void FindingsAreCountedBeyondThoseThatAreKept()
    {
        var many = new FieldErrors();
        for (var i = 0; i < FieldErrors.MaxKept + 5; i++)
        {
            many.Required(FieldPath.Of("spec").Index(i));
        }

        Assert.Equal((FieldErrors.MaxKept + 5, FieldErrors.MaxKept), (many.Count, many.All.Count));
        var long1 = new FieldErrors();
        for (var i = 0; i < 3; i++)
        {
            long1.Invalid(FieldPath.Of("spec"), new string('x', FieldErrors.MaxKeptLength), "too long");
        }

        Assert.Equal((3, 1), (long1.Count, long1.All.Count));
    }

    [Theory]
    [InlineData("add", 422)]
    [InlineData("remove", 422)]
    [InlineData("copy", 422)]
    [InlineData("one operation too many", 413)]
    public void JsonPatchesAreBounded(string sort, int code)
    {
        var list = new JsonArray([.. Enumerable.Range(0, 100_000).Select(i => (JsonNode)i)]);
        var operations = Enumerable.Range(0, JsonPatch.MaxOperations).Select(i => sort switch
        {
            "add" => "{\"op\":\"add\",\"path\":\"/a/0\",\"value\":1}",
            "remove" => "{\"op\":\"remove\",\"path\":\"/a/0\"}",
            "copy" => "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}",
            _ => "{\"op\":\"test\",\"path\":\"/a/0\",\"value\":0}",
        }).Append("{\"op\":\"test\",\"path\":\"\"}")
            .Take(code == 413 ? JsonPatch.MaxOperations + 1 : JsonPatch.MaxOperations);
        var patch = JsonPatch.Parse(Encoding.UTF8.GetBytes($"[{string.Join(',', operations)}]"));
        var outcome = patch.Succeeded ? patch.Value.Apply(new JsonObject { ["a"] = list }) : patch.Error;
        Assert.Equal(code, outcome.Error!.Code);
    }

    [Fact]
    public void RemovalsOfFieldsByJsonPatchesAreBounded()
    {
        var map = new JsonObject(Enumerable.Range(0, 100_000).Select(i => KeyValuePair.Create($"a{i}", (JsonNode?)i)));
        var operations = Enumerable.Range(0, JsonPatch.MaxOperations).Select(
            i => $"{{\"op\":\"remove\",\"path\":\"/a{i}\"}}");
        var patch = JsonPatch.Parse(Encoding.UTF8.GetBytes($"[{string.Join(',', operations)}]")).Required;
        Assert.Equal(422, patch.Apply(map).Error!.Code);
    }

    /// <summary>A field that goes moves all that stand behind it: a hundred thousand one by one take minutes.</summary>
    [Theory]
    [InlineData(PatchKind.Merge, "\"a{0}\":null", 100_000, 0)]
    [InlineData(PatchKind.Strategic, "\"a{0}\":null", 100_000, 0)]
    [InlineData(PatchKind.Strategic, "\"$retainKeys\":[]", 1, 0)]
    [InlineData(PatchKind.Strategic, "\"$setElementOrder/b{0}\":[]", 100_000, 100_000)]
    public void ManyFieldsGoAtOnce(PatchKind kind, string change, int count, int left)
    {
        var current = Encoding.UTF8.GetBytes($"{{\"data\":{{{Fields("\"a{0}\":\"\"", 100_000)}}}}}");
        var changes = Encoding.UTF8.GetBytes($"{{\"data\":{{{Fields(change, count)}}}}}");
        var patch = ObjectPatch.Parse(kind, changes, FieldValidation.Strict).Required;
        var started = TimeProvider.System.GetTimestamp();
        var patched = (k8s.Models.V1ConfigMap)patch.Apply(ConfigMap, current, []).Required;
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(left, patched.Data?.Count ?? 0);
    }

    private static string Fields(string field, int count) =>
        string.Join(',', Enumerable.Range(0, count).Select(
            i => field.Replace("{0}", ProtocolHost.Text(i), StringComparison.Ordinal)));

    /// <summary>
    /// Each change to an element walks its lists: ten thousand changes to one long element are fifty million steps.
    /// </summary>
    [Theory]
    [InlineData(2, true)]
    [InlineData(10_000, false)]
    public void StrategicMergesIntoOneElementAreBounded(int changes, bool isMerged)
    {
        var env = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $"{{\"name\":\"e{i}\"}}"));
        var change = "{\"name\":\"a\",\"env\":[{\"name\":\"e0\",\"value\":\"1\"}]}";
        var json = $"{{\"spec\":{{\"containers\":[{string.Join(',', Enumerable.Repeat(change, changes))}]}}}}";
        var patch = ObjectPatch.Parse(PatchKind.Strategic, Encoding.UTF8.GetBytes(json), FieldValidation.Strict);
        var current = $"{{\"spec\":{{\"containers\":[{{\"name\":\"a\",\"env\":[{env}]}}]}}}}";
        var before = GC.GetAllocatedBytesForCurrentThread();
        var outcome = patch.Required.Apply(Pod, Encoding.UTF8.GetBytes(current), []);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocatedBytes);
        Assert.Equal(isMerged ? null : 422, outcome.Error?.Code);
    }

    /// <summary>Defaults make much of little, too: what is stored has a bound of its own.</summary>
    [Fact]
    public async Task AnObjectThatIsTooLargeWithItsDefaultsIsNotStored()
    {
        await using var host = await ProtocolHost.StartAsync();
        var (code, status) = await CreateTemplateAsync(host, 30_000);
        Assert.Equal("etcdserver: request is too large", (string)status["message"]!);
        Assert.Equal(HttpStatusCode.InternalServerError, code);
    }

    /// <summary>Who owns its fields is forgotten before an object is refused, on an update as well.</summary>
    [Fact]
    public async Task OfAnObjectThatIsTooLargeOwnersAreForgotten()
    {
        await using var host = await ProtocolHost.StartAsync();
        var (code, created) = await CreateTemplateAsync(host, 20_000);
        Assert.Equal(HttpStatusCode.Created, code);
        Assert.Null(created["metadata"]!["managedFields"]);
        created["template"]!["spec"]!["hostNetwork"] = true;
        using var response = await host.Http.PutAsync(
            "/api/v1/namespaces/one/podtemplates/a", Json(created.ToJsonString()));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var updated = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.True((bool)updated["template"]!["spec"]!["hostNetwork"]!);
        Assert.NotEqual(
            (string)created["metadata"]!["resourceVersion"]!, (string)updated["metadata"]!["resourceVersion"]!);
    }

    private static async Task<(HttpStatusCode Code, JsonNode Answer)> CreateTemplateAsync(ProtocolHost host, int count)
    {
        await host.Http.PostAsync("/api/v1/namespaces", Json("{\"metadata\":{\"name\":\"one\"}}"));
        var containers = string.Join(
            ',', Enumerable.Range(0, count).Select(i => $"{{\"name\":\"a{i}\",\"image\":\"b\"}}"));
        using var response = await host.Http.PostAsync(
            "/api/v1/namespaces/one/podtemplates",
            Json($"{{\"metadata\":{{\"name\":\"a\"}},\"template\":{{\"spec\":{{\"containers\":[{containers}]}}}}}}"));
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    /// <summary>A compressed body is not unpacked: upstream reads none, so it is no JSON.</summary>
    [Fact]
    public async Task CompressedBodiesAreNotRead()
    {
        await using var host = await ProtocolHost.StartAsync();
        using var packed = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(
            packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync("{\"metadata\":{\"name\":\"one\"}}"u8.ToArray());
        }

        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await host.Http.PostAsync("/api/v1/namespaces", content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task ABodyIsNoLongerThanItsLimit()
    {
        await using var host = await ProtocolHost.StartAsync();
        using var response = await host.Http.PostAsync(
            "/api/v1/namespaces", Json(new string(' ', RequestBody.MaxBytes + 1)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static ResourceDefinition Definition(ResourceName name) => BuiltInResources.Table.Find(name)!;

    private static (Outcome<k8s.IKubernetesObject<k8s.Models.V1ObjectMeta>> Outcome, long Allocated) Decode(
        ExpectedBody expected, byte[] body, BodyFormat format)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var outcome = BodyDecoder.Decode(expected, body, format, FieldValidation.Strict, []);
        return (outcome, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string YamlBomb(string sort)
    {
        var text = new StringBuilder();
        switch (sort)
        {
            case "laughs":
                text.Append("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
                for (var i = 1; i < 9; i++)
                {
                    text.Append(System.Globalization.CultureInfo.InvariantCulture,
                        $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
                }

                break;
            case "megabyte":
                text.Append("a: &a \"").Append('x', 1_000_000).Append("\"\nb: [")
                    .AppendJoin(',', Enumerable.Repeat("*a", 5000)).Append("]\n");
                break;
            case "lists of lists":
                text.Append("a: &a [").AppendJoin(',', Enumerable.Repeat("x", 100_000)).Append("]\nb: [")
                    .AppendJoin(',', Enumerable.Repeat("*a", 100_000)).Append("]\n");
                break;
            case "merge keys":
                text.Append("a: &a {").AppendJoin(',', Enumerable.Range(0, 50_000).Select(i => $"k{i}: 1"))
                    .Append("}\nb: [")
                    .AppendJoin(',', Enumerable.Repeat("{<<: *a}", 50_000)).Append("]\n");
                break;
            case "merged merges":
                text.Append("a: &a {").AppendJoin(',', Enumerable.Range(0, 50_000).Select(i => $"k{i}: 1"))
                    .Append("}\nb: {<<: [")
                    .AppendJoin(',', Enumerable.Repeat("*a", 50_000)).Append("]}\n");
                break;
            case "keys":
                text.Append("a: &a {\"").Append('x', 500_000).Append("\": 1}\nb: [")
                    .AppendJoin(',', Enumerable.Repeat("*a", 5000)).Append("]\n");
                break;
        }

        return text.ToString();
    }
}
