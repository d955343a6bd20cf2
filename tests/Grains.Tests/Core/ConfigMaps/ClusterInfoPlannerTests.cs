using System.Security.Cryptography;
using System.Text;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ConfigMaps;

public sealed class ClusterInfoPlannerTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Moment> Moments =
        from tokens in Gen.Select(Gen.OneOf("aaaaaa", "bbbbbb", "cccccc"), Gen.Bool, Gen.Int[-2, 2]).Array[0, 3]
        from content in Gen.OneOf("", "one", "two")
        from forged in Gen.OneOf("", "jws-kubeconfig-aaaaaa", "jws-kubeconfig-zzzzzz", "mine")
        select new Moment([.. tokens.DistinctBy(t => t.Item1)], content, forged);

    /// <summary>
    /// Tokens, their ends, the words that are signed and the ConfigMap change at will: after each look it has the
    /// signature of every token that signs and has not ended, no other, and what is not a signature as it was.
    /// </summary>
    [Fact]
    public void It_has_the_signatures_of_those_that_sign() => Moments.Array[1, 8].Check(history =>
    {
        var info = new V1ConfigMap { Data = new Dictionary<string, string>() };
        var now = Start;
        foreach (var moment in history)
        {
            now = now.AddHours(1);
            Change(info.Data, moment);
            var others = Others(info.Data);
            var tokens = moment.Tokens.Select(t => Token(t.Id, t.Signs, now.AddHours(t.Hours))).ToList();
            var data = ClusterInfoPlanner.Compute(info, tokens, now);
            if (moment.Content.Length == 0)
            {
                Assert.Null(data);
                continue;
            }

            info.Data = data ?? info.Data;
            Assert.Equal(others, Others(info.Data));
            Assert.Equal(
                moment.Tokens.Where(t => t.Signs && t.Hours > 0)
                    .Select(t => $"jws-kubeconfig-{t.Id} {Naive(t.Id, moment.Content)}").Order(StringComparer.Ordinal),
                info.Data.Where(d => d.Key.StartsWith("jws-", StringComparison.Ordinal))
                    .Select(d => $"{d.Key} {d.Value}").Order(StringComparer.Ordinal));
            Assert.Null(ClusterInfoPlanner.Compute(info, tokens, now));
        }
    }, cases: 300);

    [Fact]
    public void Without_anything_in_it_there_is_nothing_to_sign() =>
        Assert.Null(ClusterInfoPlanner.Compute(new V1ConfigMap(), [Token("aaaaaa", true, Start.AddHours(1))], Start));

    private static void Change(IDictionary<string, string> data, Moment moment)
    {
        data.Remove("kubeconfig");
        if (moment.Content.Length > 0)
        {
            data["kubeconfig"] = moment.Content;
        }

        if (moment.Forged.Length > 0)
        {
            data[moment.Forged] = "forged";
        }
    }

    private static IEnumerable<string> Others(IDictionary<string, string> data) =>
        [.. data.Where(d => d.Key is "kubeconfig" or "mine").Select(d => $"{d.Key} {d.Value}").Order()];

    /// <summary>A detached JSON Web Signature, written out.</summary>
    private static string Naive(string id, string content)
    {
        var header = Text(Encoding.UTF8.GetBytes("{\"alg\":\"HS256\",\"kid\":\"" + id + "\"}"));
        var signed = Encoding.UTF8.GetBytes($"{header}.{Text(Encoding.UTF8.GetBytes(content))}");
        return $"{header}..{Text(HMACSHA256.HashData(Encoding.UTF8.GetBytes($"secret of {id}"), signed))}";
    }

    private static string Text(byte[] bytes) =>
        Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static BootstrapToken Token(string id, bool signs, DateTimeOffset end)
    {
        var data = new Dictionary<string, string>
        {
            ["token-id"] = id, ["token-secret"] = $"secret of {id}",
            ["usage-bootstrap-signing"] = signs ? "true" : "false",
            ["expiration"] = end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null),
        };
        return BootstrapToken.Read(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = $"bootstrap-token-{id}", NamespaceProperty = "kube-system" },
            Type = BootstrapToken.SecretType,
            Data = data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)),
        })!;
    }

    /// <summary>What there is: tokens with the hours that they have left, the words, and what somebody wrote.</summary>
    private sealed record Moment((string Id, bool Signs, int Hours)[] Tokens, string Content, string Forged);
}
