# What people do with kubeclient: lists with selectors and pages, patches of three kinds, a watch, errors.
require 'kubeclient'

namespace = ARGV[0]
config = Kubeclient::Config.read(ENV.fetch('KUBECONFIG'))
options = { ssl_options: config.context.ssl_options, auth_options: config.context.auth_options }
core = Kubeclient::Client.new("#{config.context.api_endpoint}/api", 'v1', **options)
batch = Kubeclient::Client.new("#{config.context.api_endpoint}/apis/batch", 'v1', **options)

def check(holds, what) = holds || abort("not true: #{what}")

core.create_namespace(Kubeclient::Resource.new(metadata: { name: namespace }))
5.times do |i|
  core.create_config_map(Kubeclient::Resource.new(
    metadata: { name: "map-#{i}", namespace: namespace, labels: { even: i.even?.to_s } }, data: { key: i.to_s }))
end
check core.get_config_maps(namespace: namespace, label_selector: 'even=true').length == 3, 'three are even'
names = []
continue = nil
loop do
  page = core.get_config_maps(namespace: namespace, label_selector: 'even', limit: 2, continue: continue)
  names.concat(page.map { |m| m.metadata.name })
  continue = page.continue
  break if page.last?
end
check names == (0..4).map { |i| "map-#{i}" }, "pages are whole: #{names}"

version = core.get_config_maps(namespace: namespace).resourceVersion
core.patch_config_map('map-0', { data: { more: 'x' } }, namespace)
core.merge_patch_config_map('map-0', { data: { key: nil } }, namespace)
check core.get_config_map('map-0', namespace).data.to_h == { more: 'x' }, 'the patches are done'
core.delete_config_map('map-4', namespace)
seen = []
core.watch_config_maps(namespace: namespace, resource_version: version) do |notice|
  seen << [notice.type, notice.object.metadata.name]
  break if notice.type == 'DELETED'
end
check seen == [%w[MODIFIED map-0], %w[MODIFIED map-0], %w[DELETED map-4]], "the watch tells all: #{seen}"

batch.create_job(Kubeclient::Resource.new(
  metadata: { name: 'once', namespace: namespace },
  spec: { template: {
    metadata: { annotations: { 'hollow-node/run-duration': '0.1s' } },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'example.com/once:1' }] } } }))
batch.watch_jobs(namespace: namespace) { |notice| break if notice.object.status.succeeded == 1 }

begin
  core.get_secret('none', namespace)
  abort 'a Secret that is not there was read'
rescue Kubeclient::ResourceNotFoundError => e
  check e.message == 'secrets "none" not found', e.message
end
core.delete_namespace(namespace)
puts 'ruby is content'
