using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.DaemonSets;

/// <summary>
/// Random histories of nodes and templates, against looking at each node alone: where a daemon belongs there is one, of
/// the newest template; where none may be there is none.
/// </summary>
public sealed class DaemonSetHistoryTests
{
    private static readonly string[] Nodes = ["n0", "n1", "n2", "n3"];

    private static readonly Gen<(string What, int Node)> Events =
        from what in Gen.OneOf("cordoned off", "thrown out", "opened", "roll", "lose", "fail")
        from node in Gen.Int[0, Nodes.Length - 1]
        select (what, node);

    [Theory]
    [InlineData("0", "1")]
    [InlineData("0", "2")]
    [InlineData("1", "0")]
    [InlineData("50%", "0")]
    public void Every_node_has_the_daemon_that_it_should_have(string surge, string unavailable) =>
        Events.Array[1, 8].Check(
            events =>
            {
                var history = new History(surge, unavailable);
                foreach (var (what, node) in events)
                {
                    history.Happen(what, Nodes[node]);
                }
            }, cases: 40);

    private sealed class History
    {
        private readonly World _world = new();
        private readonly Dictionary<string, string> _effects = new(StringComparer.Ordinal);
        private readonly int _mayBeMissing;
        private int _image = 1;
        private bool _isRolling;

        public History(string surge, string unavailable)
        {
            foreach (var node in Nodes)
            {
                _world.AddNode(node);
            }

            _mayBeMissing = surge == "0" ? int.Parse(unavailable, null) : 0;
            _world.AddDaemonSet("agent", surge, unavailable);
            _world.Api.AfterWrite = _ => AssertServed();
            Settle();
        }

        private IEnumerable<string> Open => Nodes.Where(n => !_effects.ContainsKey(n));

        public void Happen(string what, string node)
        {
            var hadPod = PodsOn(node).Count > 0;
            switch (what)
            {
                case "cordoned off":
                    Taint(node, "NoSchedule");
                    break;
                case "thrown out":
                    Taint(node, "NoExecute");
                    break;
                case "opened":
                    Taint(node, null);
                    break;
                case "roll":
                    _isRolling = true;
                    _image++;
                    _world.Api.Change<V1DaemonSet>(
                        "default", "agent", d => d.Spec.Template.Spec.Containers[0].Image = $"demo:{_image}");
                    break;
                case "lose" when hadPod:
                    _world.Api.Delete<V1Pod>("default", PodsOn(node)[0].Metadata.Name);
                    break;
                case "fail" when hadPod:
                    _world.Finish(PodsOn(node)[0].Metadata.Name, 1);
                    break;
            }

            Settle();
            _isRolling = false;
            if (what == "cordoned off" && hadPod)
            {
                Assert.Single(PodsOn(node));
            }
        }

        private void Taint(string node, string? effect)
        {
            _ = effect is null ? _effects.Remove(node) : (_effects[node] = effect).Length > 0;
            _world.Api.Change<V1Node>("", node, n => n.Spec.Taints =
                effect is null ? [] : [new V1Taint { Key = "broken", Effect = effect }]);
        }

        private void Settle()
        {
            _world.Settle();
            _world.Time.Advance(TimeSpan.FromMinutes(20));
            _world.Settle();
            foreach (var node in Nodes)
            {
                var pods = PodsOn(node);
                switch (_effects.GetValueOrDefault(node))
                {
                    case null:
                        Assert.Equal($"demo:{_image}", Assert.Single(pods).Spec.Containers[0].Image);
                        break;
                    case "NoExecute":
                        Assert.Empty(pods);
                        break;
                    default:
                        Assert.True(pods.Count <= 1, "what stays is alone");
                        break;
                }
            }
        }

        /// <summary>While a template is rolled out no more nodes are without a daemon than may be.</summary>
        private void AssertServed() => Assert.True(
            !_isRolling || Open.Count(n => !PodsOn(n).Exists(IsReady)) <= _mayBeMissing, "the nodes are served");

        private static bool IsReady(V1Pod pod) => pod.Status.Phase == "Running"
            && pod.Status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" });

        private List<V1Pod> PodsOn(string node) => [.. _world.ActivePods().Where(p => NodeOf(p) == node)];

        private static string? NodeOf(V1Pod pod) => string.IsNullOrEmpty(pod.Spec.NodeName)
            ? pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?
                .NodeSelectorTerms[0].MatchFields[0].Values[0]
            : pod.Spec.NodeName;
    }
}
