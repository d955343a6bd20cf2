using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.ReplicaSets;

public sealed class ReplicaSetReconcilerTests
{
    [Fact]
    public void Reaches_its_replicas_and_reports_them()
    {
        var world = new World();
        var set = world.AddReplicaSet("web", 5);
        world.Settle();
        var pods = world.Api.All<V1Pod>();
        Assert.Equal(5, pods.Count);
        Assert.All(pods, p =>
        {
            Assert.StartsWith("web-", p.Metadata.Name, StringComparison.Ordinal);
            Assert.Equal("web-", p.Metadata.GenerateName);
            var owner = Assert.Single(p.Metadata.OwnerReferences);
            Assert.Equal(
                (set.Metadata.Uid, "ReplicaSet", true, true),
                (owner.Uid, owner.Kind, owner.Controller, owner.BlockOwnerDeletion));
        });
        var status = world.Api.Find<V1ReplicaSet>("default", "web")!.Status;
        Assert.Equal(
            (5, 5, 5, 5),
            (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.FullyLabeledReplicas));
        Assert.Equal(1, status.ObservedGeneration);
    }

    [Fact]
    public void Writes_nothing_when_nothing_is_to_do()
    {
        var world = new World();
        world.AddReplicaSet("web", 3);
        world.Settle();
        var before = world.Api.Writes;
        world.Step<V1ReplicaSet>("web");
        world.LoseActivations();
        world.Step<V1ReplicaSet>("web");
        Assert.Equal(before, world.Api.Writes);
    }

    [Fact]
    public void Deletes_what_is_missed_least()
    {
        var world = new World();
        world.AddReplicaSet("web", 4);
        world.Settle();
        var names = world.ActivePods().Select(p => p.Metadata.Name).ToList();
        world.SetReady(names[2], false);
        world.Api.Change<V1Pod>("default", names[1], p => p.Metadata.Annotations = new Dictionary<string, string>
        {
            ["controller.kubernetes.io/pod-deletion-cost"] = "-5",
        });
        world.Api.Change<V1ReplicaSet>("default", "web", s => s.Spec.Replicas = 2);
        world.Step<V1ReplicaSet>("web");
        Assert.Equal([names[0], names[3]], world.ActivePods().Select(p => p.Metadata.Name));
    }

    /// <summary>
    /// Three of four share a node, and the one alone is the youngest. A set on its own does not look at that; one that
    /// a controller has does, a Deployment's say.
    /// </summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void Neighbours_count_among_what_one_controller_has(bool hasController, int leftAlone)
    {
        var world = new World();
        var set = world.AddReplicaSet("web", 4);
        if (hasController)
        {
            var owner = new V1OwnerReference
            {
                ApiVersion = "v1", Kind = "ConfigMap", Name = "o", Uid = "o", Controller = true,
            };
            world.Api.Change<V1ReplicaSet>("default", "web", s => s.Metadata.OwnerReferences = [owner]);
        }

        for (var i = 0; i < 4; i++)
        {
            world.AddPod($"p{i}", i == 3 ? "n2" : "n1", new Dictionary<string, string> { ["app"] = "web" });
            world.SetReady($"p{i}", true);
            world.Time.Advance(TimeSpan.FromHours(i));
        }

        world.Step<V1ReplicaSet>("web");
        world.Api.Change<V1ReplicaSet>("default", "web", s => s.Spec.Replicas = 3);
        world.Step<V1ReplicaSet>("web");
        Assert.Equal(3, world.ActivePods().Count);
        Assert.Equal(leftAlone, world.ActivePods().Count(p => p.Spec.NodeName == "n2"));
    }

    /// <summary>Also of whoever was not there, or was another silo's, when the pod went.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_replacement_has_a_new_name(int lives)
    {
        var world = new World();
        world.AddReplicaSet("web", 2);
        world.Settle();
        var seen = new HashSet<string>(world.Api.All<V1Pod>().Select(p => p.Metadata.Name));
        for (var i = 0; i < 20; i++)
        {
            var victim = world.ActivePods()[i % 2].Metadata.Name;
            if (lives > 0 && i % lives == 0)
            {
                world.LoseActivations();
            }

            world.Api.Delete<V1Pod>("default", victim);
            world.EndPod(victim);
            world.Settle();
            Assert.True(
                seen.Add(Assert.Single(world.ActivePods(), p => !seen.Contains(p.Metadata.Name)).Metadata.Name));
        }
    }

    /// <summary>What is kept of a set goes with it, also when another of its name has come in its place.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_kept_of_a_set_goes_with_it(bool isReplaced)
    {
        var world = new World();
        var uid = world.AddReplicaSet("web", 2).Metadata.Uid;
        world.Settle();
        Assert.Equal(2, await world.Cursors.LoadAsync(uid, CancellationToken.None));
        world.Api.Delete<V1ReplicaSet>("default", "web");
        if (isReplaced)
        {
            Assert.NotEqual(uid, world.AddReplicaSet("web", 2).Metadata.Uid);
        }

        world.Step<V1ReplicaSet>("web");
        Assert.Equal(0, await world.Cursors.LoadAsync(uid, CancellationToken.None));
    }

    [Fact]
    public void Adopts_orphans_and_releases_strangers()
    {
        var world = new World();
        world.Api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name =
                    "orphan", NamespaceProperty =
                        "default", Labels = new Dictionary<string, string> { ["app"] = "web" },
            },
            Spec = World.Template("web").Spec,
        });
        var set = world.AddReplicaSet("web", 2);
        world.Settle();
        Assert.Equal(2, world.ActivePods().Count);
        Assert.Equal(
            set.Metadata.Uid, world.Api.Find<V1Pod>("default", "orphan")!.Metadata.OwnerReferences.Single().Uid);

        world.Api.Change<V1Pod>("default", "orphan", p => p.Metadata.Labels["app"] = "debug");
        world.Settle();
        Assert.Equal(3, world.ActivePods().Count);
        Assert.Null(world.Api.Find<V1Pod>("default", "orphan")!.Metadata.OwnerReferences);
    }

    /// <summary>A mark says who controls, another who is waited for.</summary>
    [Theory]
    [InlineData("", "web!+")]
    [InlineData("web", "web!+")]
    [InlineData("web!", "web!")]
    [InlineData("other", "other web!+")]
    [InlineData("other! web", "other! web")]
    public void Adopts_a_pod_that_nobody_controls(string owners, string expected)
    {
        var world = new World();
        var set = world.AddReplicaSet("web", 1);
        world.AddPod("p", "n1", new Dictionary<string, string> { ["app"] = "web" });
        world.Api.Change<V1Pod>("default", "p", p => p.Metadata.OwnerReferences =
        [
            .. owners.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(o => new V1OwnerReference
            {
                ApiVersion = "apps/v1",
                Kind = "ReplicaSet",
                Name = o.TrimEnd('!'),
                Uid = o.StartsWith("web", StringComparison.Ordinal) ? set.Metadata.Uid : "other",
                Controller = o.EndsWith('!') ? true : null,
            }),
        ]);
        world.Settle();
        Assert.Equal(expected, string.Join(' ', world.Api.Find<V1Pod>("default", "p")!.Metadata.OwnerReferences.Select(
            o => o.Name + (o.Controller == true ? "!" : "") + (o.BlockOwnerDeletion == true ? "+" : ""))));
        Assert.Equal(owners == "other! web" ? 2 : 1, world.ActivePods().Count);
    }

    [Fact]
    public void Counts_a_pod_as_available_after_its_time()
    {
        var world = new World();
        world.AddReplicaSet("web", 1);
        world.Api.Change<V1ReplicaSet>("default", "web", s => s.Spec.MinReadySeconds = 10);
        world.Settle();
        Assert.Null(world.Api.Find<V1ReplicaSet>("default", "web")!.Status.AvailableReplicas);
        Assert.Equal(TimeSpan.FromSeconds(10), world.Step<V1ReplicaSet>("web").After);
        world.Time.Advance(TimeSpan.FromSeconds(10));
        world.Step<V1ReplicaSet>("web");
        Assert.Equal(1, world.Api.Find<V1ReplicaSet>("default", "web")!.Status.AvailableReplicas);
    }

    [Fact]
    public async Task Says_why_pods_cannot_be_created()
    {
        var world = new World();
        world.AddReplicaSet("web", 40);
        var attempts = 0;
        world.Api.BeforeWrite = w => w.Resource == WellKnown.Pods && ++attempts > 0
            ? StatusErrors.Forbidden(w.Resource, w.Key.Name, "exceeded quota")
            : null;
        Assert.ThrowsAny<Exception>(() => world.Step<V1ReplicaSet>("web"));
        Assert.Equal(1, attempts);
        var condition = Assert.Single(world.Api.Find<V1ReplicaSet>("default", "web")!.Status.Conditions);
        Assert.Equal(("ReplicaFailure", "True", "FailedCreate"), (condition.Type, condition.Status, condition.Reason));
        await world.Events.FlushAsync(CancellationToken.None);
        Assert.StartsWith(
            "Error creating: pods \"web-",
            Assert.Single(world.Api.All<Corev1Event>()).Message,
            StringComparison.Ordinal);

        world.Api.BeforeWrite = null;
        world.Settle();
        Assert.Null(world.Api.Find<V1ReplicaSet>("default", "web")!.Status.Conditions);
    }

    [Fact]
    public void Says_why_pods_cannot_be_deleted()
    {
        var world = new World();
        world.AddReplicaSet("web", 2);
        world.Settle();
        world.Api.Change<V1ReplicaSet>("default", "web", s => s.Spec.Replicas = 1);
        world.Api.BeforeWrite = static w => w.Resource == WellKnown.Pods && w.Verb == "delete"
            ? StatusErrors.Forbidden(w.Resource, w.Key.Name, "a policy says so")
            : null;
        Assert.ThrowsAny<Exception>(() => world.Step<V1ReplicaSet>("web"));
        var condition = Assert.Single(world.Api.Find<V1ReplicaSet>("default", "web")!.Status.Conditions);
        Assert.Equal(("True", "FailedDelete"), (condition.Status, condition.Reason));
        Assert.StartsWith("unable to delete pods: pods \"web-", condition.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// P8: at any write the activation is lost, before the commit, after it, or with the request still under way, which
    /// arrives while a successor works. At no time are there more pods than asked for.
    /// </summary>
    [Fact]
    public void A_crash_between_any_two_steps_doubles_nothing() => Gen.Select(
        Gen.Int[1, 12], Gen.Int[0, 6], Gen.Select(Gen.Int[1, 14], Gen.Int[0, 2]).Array[0, 6], Gen.Int[0, 3]).Check(
        CrashAndRecover, cases: 200);

    private static void CrashAndRecover(int replicas, int lostFirst, (int AtWrite, int How)[] crashes, int arriveAfter)
    {
        var world = new World();
        world.AddReplicaSet("web", replicas);
        world.Settle();
        foreach (var pod in world.ActivePods().Take(lostFirst))
        {
            world.Api.Delete<V1Pod>("default", pod.Metadata.Name);
            world.EndPod(pod.Metadata.Name);
        }

        foreach (var (atWrite, how) in crashes)
        {
            CrashOnce(world, atWrite, how, arriveAfter);
            Assert.True(world.ActivePods().Count <= replicas, "more pods than asked for");
        }

        world.Settle();
        Assert.Equal(replicas, world.ActivePods().Count);
    }

    private static void CrashOnce(World world, int atWrite, int how, int arriveAfter)
    {
        var writes = 0;
        var late = new List<CreateRequest>();
        bool IsCrash() => Interlocked.Increment(ref writes) >= atWrite;
        world.Api.BeforeWrite = how switch
        {
            0 => _ => IsCrash() ? throw new InvalidOperationException("crash before commit") : null,
            2 => w => IsCrash() ? throw Late(w) : null,
            _ => null,
        };
        world.Api.AfterWrite = how == 1 ? _ => Throw(IsCrash()) : null;
        try
        {
            world.Step<V1ReplicaSet>("web");
        }
        catch (Exception)
        {
            world.LoseActivations();
        }

        // A successor begins; after some of its writes the late requests arrive.
        writes = 0;
        world.Api.AfterWrite = null;
        world.Api.BeforeWrite = null;
        world.Api.AfterWrite = _ => Arrive(Interlocked.Increment(ref writes) > arriveAfter);
        world.Step<V1ReplicaSet>("web");
        Arrive(true);
        world.Api.AfterWrite = null;

        InvalidOperationException Late(FakeWrite write)
        {
            if (write.Create is { } create)
            {
                lock (late)
                {
                    late.Add(create);
                }
            }

            return new InvalidOperationException("the answer is lost");
        }

        void Arrive(bool now)
        {
            if (now)
            {
                var requests = late.ToList();
                late.Clear();
                requests.ForEach(
                    r => world.Api.CreateAsync(r, CancellationToken.None).AsTask().GetAwaiter().GetResult());
            }
        }

        static void Throw(bool crash)
        {
            if (crash)
            {
                throw new InvalidOperationException("crash after commit");
            }
        }
    }
}
