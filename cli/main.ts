console.log('main on', process.version, process.argv.slice(2))
