using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Storage.VolumeAttachments;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Storage.VolumeAttachments;

/// <summary>
/// Two nodes and their volumes through random histories, against what may never be: a volume for one node on two, or
/// one that is taken from under a node that lives.
/// </summary>
public sealed class AttachmentHistoryTests
{
    private static readonly string[] Nodes = ["a", "b"];
    private static readonly string[] Volumes = ["one", "two", "shared"];

    private static readonly Gen<(string What, int Node, int Volume)> Events =
        from what in Gen.OneOf(
            "want", "want", "let go", "mount", "unmount", "attached", "detached", "silent", "ready", "minutes")
        from node in Gen.Int[0, 1]
        from volume in Gen.Int[0, 2]
        select (what, node, volume);

    [Fact]
    public void No_history_attaches_twice_or_takes_away_and_all_comes_to_where_it_is_wanted() =>
        Events.Array[0, 40].Check(static events =>
        {
            var world = new Attachments();
            foreach (var (what, node, volume) in events)
            {
                world.Happen(what, Nodes[node], Volumes[volume]);
                world.Step();
            }

            world.Rest();
        }, cases: 300);

    private sealed record Attachment(string Node, string Volume)
    {
        public bool IsAttached { get; set; }

        public bool IsGoing { get; set; }
    }

    private sealed class Attachments
    {
        private readonly HashSet<(string Node, string Volume)> _wanted = [];
        private readonly HashSet<(string Node, string Volume)> _mounted = [];
        private readonly HashSet<string> _silent = [];
        private readonly List<Attachment> _all = [];
        private readonly Dictionary<string, DateTimeOffset> _unwantedSince = new(StringComparer.Ordinal);
        private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

        public void Happen(string what, string node, string volume)
        {
            var here = _all.Find(a => a.Node == node && a.Volume == volume);
            switch (what)
            {
                case "want":
                    _wanted.Add((node, volume));
                    break;
                case "let go":
                    _wanted.Remove((node, volume));
                    break;
                case "mount" when here is { IsAttached: true, IsGoing: false } && _wanted.Contains((node, volume)):
                    _mounted.Add((node, volume));
                    break;
                case "unmount" when !_wanted.Contains((node, volume)):
                    _mounted.Remove((node, volume));
                    break;
                case "attached" when here is { IsGoing: false }:
                    here.IsAttached = true;
                    break;
                case "detached" when here is { IsGoing: true }:
                    _all.Remove(here);
                    break;
                case "silent":
                    _silent.Add(node);
                    break;
                case "ready":
                    _silent.Remove(node);
                    break;
                case "minutes":
                    _now += TimeSpan.FromMinutes(4);
                    break;
            }
        }

        /// <summary>What is planned for each node is done at once; true when that was anything.</summary>
        public bool Step()
        {
            var isChanged = false;
            foreach (var node in Nodes)
            {
                var plan = AttachmentPlanner.Compute(Observe(node));
                foreach (var known in plan.Detach)
                {
                    isChanged = true;
                    LetGo(node, known.Volume.Metadata.Name);
                }

                foreach (var name in plan.Attach.Select(static a => a.Spec.Source.PersistentVolumeName))
                {
                    isChanged = true;
                    Assert.Contains((node, name), _wanted);
                    _all.Add(new Attachment(node, name));
                }

                foreach (var attachment in _all.Where(a => a.Node == node))
                {
                    var name = AttachmentPlanner.NameFor(Volume(attachment.Volume), node);
                    _ = plan.Unwanted.Contains(name) ? _unwantedSince.TryAdd(name, _now) : _unwantedSince.Remove(name);
                }

                var reported = _all.Where(a => a.Node == node && a is { IsAttached: true, IsGoing: false })
                    .Select(static a => AttachmentPlanner.UniqueName(Volume(a.Volume)));
                Assert.Equal(reported.Order(StringComparer.Ordinal), plan.Report);
            }

            Assert.All(
                _all.Where(static a => a.Volume != "shared").CountBy(static a => a.Volume),
                static v => Assert.Equal(1, v.Value));
            return isChanged;
        }

        /// <summary>Nodes and drivers do all that they have to.</summary>
        public void Rest()
        {
            _silent.Clear();
            for (var round = 0; ; round++)
            {
                Assert.True(round < 10, "it comes to rest");
                _mounted.RemoveWhere(m => !_wanted.Contains(m));
                _all.RemoveAll(static a => a.IsGoing);
                _all.ForEach(static a => a.IsAttached = true);
                if (!Step() && !_all.Exists(static a => a.IsGoing))
                {
                    break;
                }
            }

            foreach (var volume in Volumes)
            {
                var wanted = _wanted.Count(w => w.Volume == volume);
                var attached = _all.Where(a => a.Volume == volume).ToList();
                Assert.All(attached, a => Assert.Contains((a.Node, a.Volume), _wanted));
                Assert.Equal(volume == "shared" ? wanted : Math.Min(wanted, 1), attached.Count);
            }
        }

        private void LetGo(string node, string volume)
        {
            Assert.DoesNotContain((node, volume), _wanted);
            Assert.True(
                !_mounted.Contains((node, volume))
                || (_silent.Contains(node) && _now - Since(node, volume) >= AttachmentPlanner.MaxWaitForUnmount),
                "a node that lives unmounts first");
            _all.Single(a => a.Node == node && a.Volume == volume).IsGoing = true;
        }

        private DateTimeOffset Since(string node, string volume) =>
            _unwantedSince.GetValueOrDefault(AttachmentPlanner.NameFor(Volume(volume), node), _now);

        private AttachmentsObserved Observe(string node) => new()
        {
            NodeName = node,
            Node = new V1Node
            {
                Metadata = new V1ObjectMeta
                {
                    Name = node,
                    Annotations = new Dictionary<string, string> { [AttachmentPlanner.ManagedAnnotation] = "true" },
                },
                Status = new V1NodeStatus
                {
                    Conditions =
                        [new V1NodeCondition { Type = "Ready", Status = _silent.Contains(node) ? "Unknown" : "True" }],
                    VolumesInUse =
                    [
                        .. _mounted.Where(m => m.Node == node)
                            .Select(static m => AttachmentPlanner.UniqueName(Volume(m.Volume))),
                    ],
                },
            },
            Wanted =
            [
                .. Volumes.Where(v => _wanted.Contains((node, v)))
                    .Select(static v => new WantedVolume(Volume(v), [])),
            ],
            Known = [.. _all.Where(a => a.Node == node).Select(Known)],
            Elsewhere = [.. _all.Where(a => a.Node != node && _wanted.Contains((node, a.Volume))).Select(Known)],
            UnwantedSince = new Dictionary<string, DateTimeOffset>(_unwantedSince),
            Now = _now,
        };

        private KnownAttachment Known(Attachment attachment) => new(
            new V1VolumeAttachment
            {
                Metadata = new V1ObjectMeta
                {
                    Name = AttachmentPlanner.NameFor(Volume(attachment.Volume), attachment.Node),
                    DeletionTimestamp = attachment.IsGoing ? _now.UtcDateTime : null,
                },
                Status = new V1VolumeAttachmentStatus { Attached = attachment.IsAttached },
            },
            Volume(attachment.Volume));

        private static V1PersistentVolume Volume(string name) => new()
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = [name == "shared" ? "ReadWriteMany" : "ReadWriteOnce"],
                Csi = new V1CSIPersistentVolumeSource { Driver = "d.example.com", VolumeHandle = name },
            },
        };
    }
}
