using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

public sealed partial class CrashEverywhereTests
{
    /// <summary>A Deployment comes, changes its template, and grows in the middle of nothing.</summary>
    private sealed class RolloutPlay : CrashPlay
    {
        private const int Replicas = 4;

        protected override int Acts => 3;

        protected override void SetUp() => World.AddDeployment("web", Replicas, surge: "1", unavailable: "1");

        protected override void Change(int act)
        {
            if (act == 1)
            {
                World.Api.Change<V1Deployment>(
                    "default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
            }
            else if (act == 2)
            {
                World.Api.Change<V1Deployment>("default", "web", d => d.Spec.Replicas = Replicas + 2);
            }
        }

        protected override void Step()
        {
            World.Step<V1Deployment>("web");
            foreach (var set in World.Api.All<V1ReplicaSet>())
            {
                World.Step<V1ReplicaSet>(set.Metadata.Name);
            }
        }

        protected override void StepOthers() => World.RunKubelets();

        protected override void LoseMemory() => World.LoseActivations();

        protected override void Check()
        {
            Assert.True(World.Api.All<V1ReplicaSet>().Count <= 2, "two templates have two sets");
            var wanted = World.Api.Find<V1Deployment>("default", "web")!.Spec.Replicas!.Value;
            Assert.True(World.Api.All<V1ReplicaSet>().Sum(s => s.Spec.Replicas) <= wanted + 1, "no more is asked for than replicas and surge");
            Assert.All(
                World.ActivePods().GroupBy(p => p.Metadata.OwnerReferences.Single().Name),
                pods => Assert.True(pods.Count() <= wanted + 1, "a set has no more pods than it was ever asked for"));
        }
    }

    /// <summary>
    /// A ReplicaSet adopts, releases, creates, replaces and deletes. Which of its names a replacement has depends on
    /// whether the instance saw the pod that it replaces; that it is one of the next few does not.
    /// </summary>
    private sealed class ReplicaSetPlay : CrashPlay
    {
        private const int NamesInUse = 8;

        protected override string Name(string name)
        {
            var set = World.Api.Find<V1ReplicaSet>("default", "web")!.Metadata;
            return new ChildNames(set.Name, set.Uid).TrySequence(name, out var sequence) && sequence < NamesInUse ? "web-(next)" : name;
        }

        protected override int Acts => 4;

        protected override void SetUp()
        {
            World.AddPod("orphan", "n1", Web);
            World.AddReplicaSet("web", 4);
        }

        protected override void Change(int act)
        {
            switch (act)
            {
                case 1:
                    World.Api.Change<V1Pod>("default", "orphan", p => p.Metadata.Labels["app"] = "debug");
                    break;
                case 2:
                    var victim = World.ActivePods().First(p => p.Metadata.Name != "orphan").Metadata.Name;
                    World.Api.Delete<V1Pod>("default", victim);
                    World.EndPod(victim);
                    break;
                case 3:
                    World.Api.Change<V1ReplicaSet>("default", "web", s => s.Spec.Replicas = 2);
                    break;
            }
        }

        protected override void Step() => World.Step<V1ReplicaSet>("web");

        protected override void StepOthers() => World.RunKubelets();

        protected override void LoseMemory() => World.LoseActivations();

        protected override void Check() => Assert.True(
            World.ActivePods().Count(p => p.Metadata.OwnerReferences is { Count: > 0 }) <= 4, "no more pods than replicas");
    }

    /// <summary>A ReplicationController starts and shrinks; which of its pods go is theirs to say by name.</summary>
    private sealed class ReplicationControllerPlay : CrashPlay
    {
        private const int NamesInUse = 4;

        protected override string Name(string name)
        {
            var owner = World.Api.Find<V1ReplicationController>("default", "web")!.Metadata;
            return new ChildNames(owner.Name, owner.Uid).TrySequence(name, out var sequence) && sequence < NamesInUse
                ? "web-(one)"
                : name;
        }

        protected override int Acts => 2;

        protected override void SetUp() => World.AddReplicationController("web", 4);

        protected override void Change(int act) => World.Api.Change<V1ReplicationController>(
            "default", "web", c => c.Spec.Replicas = act == 0 ? 4 : 2);

        protected override void Step() => World.Step<V1ReplicationController>("web");

        protected override void StepOthers() => World.RunKubelets();

        protected override void LoseMemory() => World.LoseActivations();

        protected override void Check() => Assert.True(World.ActivePods().Count <= 4, "no more pods than replicas");
    }

    /// <summary>
    /// A StatefulSet starts, rolls to another template, shrinks with its claims, and comes back to the first template.
    /// </summary>
    private sealed class StatefulSetPlay(string policy) : CrashPlay
    {
        protected override int Acts => 4;

        protected override void SetUp() => World.AddStatefulSet("web", 3, s =>
        {
            s.PodManagementPolicy = policy;
            s.RevisionHistoryLimit = 1;
            s.PersistentVolumeClaimRetentionPolicy =
                new V1StatefulSetPersistentVolumeClaimRetentionPolicy { WhenDeleted = "Delete", WhenScaled = "Delete" };
            s.VolumeClaimTemplates = [new V1PersistentVolumeClaim { Metadata = new V1ObjectMeta { Name = "data" } }];
        });

        protected override void Change(int act) => World.Api.Change<V1StatefulSet>("default", "web", s =>
        {
            s.Spec.Template.Spec.Containers[0].Image = act is 1 or 2 ? "demo:2" : "demo:1";
            s.Spec.Replicas = act < 2 ? 3 : 2;
        });

        protected override void Step() => World.Step<V1StatefulSet>("web");

        protected override void StepOthers() => World.RunKubelets();

        protected override void LoseMemory() => World.LoseActivations();

        protected override void Check()
        {
            Assert.True(World.Api.All<V1Pod>().Count <= 3, "no more pods than replicas");
            Assert.True(World.Api.All<V1ControllerRevision>().Count <= 2, "two templates have two revisions");
            Assert.True(World.Api.All<V1PersistentVolumeClaim>().Count <= 3, "no more claims than pods");
        }
    }

    /// <summary>A DaemonSet covers three nodes, rolls to another template, and loses a node's favour.</summary>
    private sealed class DaemonSetPlay(string surge) : CrashPlay
    {
        private static readonly string[] Nodes = ["n1", "n2", "n3"];

        protected override int Acts => 3;

        /// <summary>Which number a pod has depends on what was seen of the one that it replaces.</summary>
        protected override string Name(string name)
        {
            var owner = World.Api.Find<V1DaemonSet>("default", "agent")!.Metadata;
            return new ChildNames(owner.Name, owner.Uid).TrySequence(name, out _) ? "agent-(next)" : name;
        }

        protected override void SetUp()
        {
            foreach (var node in Nodes)
            {
                World.AddNode(node);
            }

            World.AddDaemonSet("agent", surge, surge == "0" ? "1" : "0");
        }

        protected override void Change(int act)
        {
            if (act == 1)
            {
                World.Api.Change<V1DaemonSet>(
                    "default", "agent", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
            }
            else if (act == 2)
            {
                World.Api.Change<V1Node>(
                    "", "n2", n => n.Spec.Taints = [new V1Taint { Key = "broken", Effect = "NoExecute" }]);
            }
        }

        protected override void Step() => World.Step<V1DaemonSet>("agent");

        protected override void StepOthers() => World.RunKubelets();

        protected override void LoseMemory() => World.LoseActivations();

        protected override void Check()
        {
            Assert.True(World.Api.All<V1ControllerRevision>().Count <= 2, "two templates have two revisions");
            Assert.True(
                World.ActivePods().Count <= Nodes.Length + (surge == "0" ? 0 : 1), "no more pods than nodes and surge");
        }
    }
}
